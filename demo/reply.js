'use strict'

// Answers that are one line of plain text.

/**
 * @param {import('node:http').ServerResponse} response
 * @param {number} status
 * @param {string} text
 * @param {Record<string, string>} [headers]
 */
function sendText(response, status, text, headers = {}) {
  // Those of an answer that came to nothing.
  for (const name of response.getHeaderNames()) response.removeHeader(name)
  const body = `${text}\n`
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  })
  response.end(body)
}

/**
 * Answers a request that failed, or ends its connection when the answer has
 * begun already.
 * @param {import('node:http').ServerResponse} response
 * @param {NodeJS.ErrnoException} error
 */
function sendFailure(response, error) {
  if (response.headersSent) response.destroy()
  else if (error.code === 'ENOENT') sendText(response, 404, 'It is no longer there.')
  else sendText(response, 500, 'It could not be read.')
}

module.exports = { sendText, sendFailure }
