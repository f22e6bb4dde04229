'use strict'

// What there is to ask for: the page at /, and the files at /videos/NAME.

const { renderPage, pageHeaders } = require('./page.js')
const { sendFailure, sendText } = require('./reply.js')
const { sendVideo } = require('./send-video.js')
const { findVideo, listVideos } = require('./videos.js')

/**
 * The request listener of an HTTP server that shows the videos of a folder.
 * @param {object} options
 * @param {string} options.directory
 * @param {(transfer: object) => void} [options.onTransfer] gets the
 *   `stream.transfer` of every file that was sent, or was begun to be
 * @returns {import('node:http').RequestListener}
 */
function createApp({ directory, onTransfer = () => {} }) {
  return (request, response) => {
    // Without a listener, the loss of a client could end the process.
    response.on('error', () => {})
    answer(request, response, { directory, onTransfer }).catch((error) => {
      sendFailure(response, error)
    })
  }
}

async function answer(request, response, { directory, onTransfer }) {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    sendText(response, 405, 'Only GET and HEAD are understood.', { Allow: 'GET, HEAD' })
    return
  }
  const path = pathOf(request.url)
  if (path === '/') {
    const page = renderPage(await listVideos(directory))
    response.writeHead(200, { ...pageHeaders, 'Content-Length': Buffer.byteLength(page) })
    response.end(page)
    return
  }

  const name = /^\/videos\/([^/]+)$/.exec(path)?.[1]
  const decoded = name === undefined ? '' : decode(name)
  if (decoded === null) {
    sendText(response, 400, 'The address is not properly encoded.')
    return
  }
  const video = await findVideo(directory, decoded)
  if (response.destroyed) return
  if (video === null) sendText(response, 404, 'There is no such video.')
  else sendVideo(request, response, video, onTransfer)
}

/** Without the query, and without the origin that proxies put in front. */
function pathOf(url) {
  return url.replace(/^https?:\/\/[^/?]*/i, '').split('?', 1)[0]
}

function decode(text) {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

module.exports = { createApp }
