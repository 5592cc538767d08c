import assert from 'node:assert/strict';

// The call must fail with the SDK's own error type, an AxiosError, which must pass the check.
export async function fails(call, isExpected) {
  await assert.rejects(call, (error) => {
    assert.equal(error.isAxiosError, true, `expected an AxiosError, found ${error}`);
    isExpected(error);
    return true;
  });
}

export function isResponse(status, code, message) {
  return ({ response }) => assert.deepEqual([response?.status, response?.data.code, response?.data.message], [status, code, message]);
}
