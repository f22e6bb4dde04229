'use strict'

// The one page, complete in itself.

const { createHash } = require('node:crypto')
const { readFileSync } = require('node:fs')
const path = require('node:path')

const { extensions } = require('./videos.js')

const style = readFileSync(path.join(__dirname, 'page.css'), 'utf8')
const script = readFileSync(path.join(__dirname, 'page-script.js'), 'utf8')

const pageHeaders = {
  'Content-Type': 'text/html; charset=utf-8',
  'Cache-Control': 'no-cache',
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': [
    "default-src 'none'",
    `style-src '${hashOf(style)}'`,
    `script-src '${hashOf(script)}'`,
    "media-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
}

function hashOf(text) {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

/**
 * @param {{ name: string, size: number }[]} videos
 * @returns {string} HTML
 */
function renderPage(videos) {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>millrace: videos</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<header>
<h1>millrace</h1>
<p>The videos of a folder, streamed to your browser.</p>
</header>
<main>
${videos.length === 0 ? renderEmpty() : renderPlayer(videos)}
</main>
<footer>
<p>Every byte of video comes from <code>createReadStream(file).pipe(response)</code>.</p>
</footer>
<script>${script}</script>
</body>
</html>
`
}

function renderEmpty() {
  return `<p class="empty">There are no videos in this folder.
Put some there (${extensions.join(', ')}) and reload the page.</p>`
}

function renderPlayer(videos) {
  const [first] = videos
  return `<section class="stage" aria-label="Player">
<video id="player" src="${urlOf(first)}" aria-labelledby="title"
controls playsinline preload="metadata"></video>
<h2 id="title"><bdi>${escapeHtml(first.name)}</bdi></h2>
<p id="status" role="status"></p>
</section>
<nav aria-labelledby="list-title">
<h2 id="list-title">${videos.length === 1 ? '1 video' : `${videos.length} videos`}</h2>
<ul id="videos">
${videos.map((video) => renderItem(video, video === first)).join('\n')}
</ul>
</nav>`
}

function renderItem(video, isCurrent) {
  return `<li><a href="${urlOf(video)}"${isCurrent ? ' aria-current="true"' : ''}>
<bdi class="name">${escapeHtml(video.name)}</bdi>
<span class="size">${formatSize(video.size)}</span>
</a></li>`
}

function urlOf({ name }) {
  return escapeHtml(`/videos/${encodeURIComponent(name)}`)
}

const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escapeHtml(text) {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character])
}

/** In decimal units, as file managers show it. */
function formatSize(bytes) {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  while (value >= 999.5 && units.length > 1) {
    value /= 1000
    units.shift()
  }
  return `${value < 9.95 && value !== bytes ? value.toFixed(1) : Math.round(value)} ${units[0]}`
}

module.exports = { renderPage, pageHeaders }
