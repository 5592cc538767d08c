// Node loads this into each of its processes, before the process's own code. TLS connections to the gateway then go to
// the mock, even those of clients that read no proxy variable.
//
// The line before these defines `mock`: { host, port, gatewayHosts }.

const { syncBuiltinESMExports } = require('module');
const tls = require('tls');

const { connect } = tls;

tls.connect = function connectToMock(...args) {
  // Its forms: (options), (port, options) and (port, host, options), each with or without a callback.
  const [port, host] = args;
  const options = Object.assign({ port, host }, ...args.filter((arg) => typeof arg === 'object'));
  // With a socket, the connection exists: a proxy's tunnel, for example.
  const isOpen = options.socket || options.path;
  const name = String(options.host).toLowerCase().replace(/\.$/, '');
  if (isOpen || !mock.gatewayHosts.includes(name)) {
    return connect.apply(this, args);
  }
  const callback = args.find((arg) => typeof arg === 'function');
  return connect({ ...options, servername: options.servername ?? name, host: mock.host, port: mock.port }, callback);
};

// For `import { connect } from 'tls'`.
syncBuiltinESMExports();
