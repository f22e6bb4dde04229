'use strict'

// HTTPS without a certificate, which could not be made without openssl.

const key = Buffer.alloc(32, 'millrace')
const common = { ciphers: 'PSK-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' }

/** Options for `https.createServer` and for `https.get`. */
const preSharedKey = {
  server: { ...common, pskCallback: () => key },
  client: {
    ...common,
    pskCallback: () => ({ psk: key, identity: 'benchmark' }),
    checkServerIdentity: () => undefined,
  },
}

module.exports = { preSharedKey }
