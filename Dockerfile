# The command wechatpay-mock: a static binary in an empty image.
#
#   docker build -t wechatpay-mock .
#   docker run --rm -p 127.0.0.1:8080:8080 wechatpay-mock
#
# In a container it listens on every address, so /__mock/ is off unless WECHATPAY_MOCK_ADMIN_TOKEN is set;
# /__mock/health is open. HTTPS clients call it by the host name in WECHATPAY_MOCK_HOST.
FROM rust:1.95-alpine AS build
# aws-lc is C.
RUN apk add --no-cache build-base
WORKDIR /source
COPY . .
# musl is linked statically. The empty folders are for the certificate authority and for temporary files.
RUN cargo build --profile dist --locked -p wechatpay-mock-cli && install -d -m 0700 -o 65534 -g 65534 /ca /tmp/empty

FROM scratch
LABEL org.opencontainers.image.title="wechatpay-mock" \
      org.opencontainers.image.description="A local mock of the WeChat Pay APIv3 gateway" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /source/target/dist/wechatpay-mock /wechatpay-mock
# The licences of dependencies are not here, since packages/build collects them with Python and Zig; packages/image adds them.
COPY LICENSE /usr/share/doc/wechatpay-mock/
COPY --from=build --chown=65534:65534 /ca /data
COPY --from=build --chown=65534:65534 /tmp/empty /tmp
USER 65534:65534
ENV WECHATPAY_MOCK_LISTEN=0.0.0.0:8080 WECHATPAY_MOCK_CA_DIR=/data/ca WECHATPAY_MOCK_HOST=wechatpay-mock
EXPOSE 8080
VOLUME /data
HEALTHCHECK --interval=5s --timeout=4s --start-period=1s CMD ["/wechatpay-mock", "healthcheck"]
ENTRYPOINT ["/wechatpay-mock"]
