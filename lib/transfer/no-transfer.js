'use strict'

// What a stream has in place of a Transfer when Node's constructor made it.

const noTransfer = Object.freeze({
  observer: { read: () => true, unpipe() {} },
  pipedBy() {},
  describe: () => ({ mode: 'javascript', engine: null, bytes: 0, reason: 'patched-source' }),
  putOff: () => false,
  take: () => false,
  portionOf: (size) => size,
  resume() {},
  stop() {},
  detach() {},
})

module.exports = { noTransfer }
