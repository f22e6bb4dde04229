'use strict'

// The videos of a folder, and nothing else of the disk.

const { promises: fs } = require('node:fs')
const path = require('node:path')

const TYPES = {
  '.mp4': 'video/mp4',
  '.m4v': 'video/mp4',
  '.webm': 'video/webm',
  '.ogv': 'video/ogg',
  '.mov': 'video/quicktime',
  '.mkv': 'video/x-matroska',
}

/**
 * @typedef {object} Video
 * @property {string} name
 * @property {string} file its real path
 * @property {string} type its Content-Type
 * @property {number} size
 * @property {string} etag a strong one
 * @property {Date} modified
 */

/**
 * All videos of the folder, in the order of their names.
 * @param {string} directory
 * @returns {Promise<Video[]>}
 */
async function listVideos(directory) {
  const root = await fs.realpath(directory)
  const names = (await fs.readdir(root)).filter(isVideoName)
  const videos = await Promise.all(names.map((name) => lookUp(root, name)))
  return videos
    .filter((video) => video !== null)
    .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
}

/**
 * The video of that name, which comes from a client. No path is made of it
 * before the folder itself has given the same name.
 * @param {string} directory
 * @param {string} name
 * @returns {Promise<Video | null>}
 */
async function findVideo(directory, name) {
  if (!isVideoName(name)) return null
  const root = await fs.realpath(directory)
  const names = await fs.readdir(root)
  return names.includes(name) ? lookUp(root, name) : null
}

/** Null for what is no video, and for what cannot be looked at. */
async function lookUp(root, name) {
  try {
    const file = await fs.realpath(path.join(root, name))
    // A link counts where it leads to another video of the folder.
    if (path.dirname(file) !== root || !isVideoName(path.basename(file))) return null
    const stats = await fs.stat(file, { bigint: true })
    return stats.isFile() ? describe(name, file, stats) : null
  } catch {
    return null
  }
}

function describe(name, file, { ino, size, mtime, mtimeNs }) {
  const version = [ino, size, mtimeNs].map((number) => number.toString(16)).join('-')
  const type = TYPES[extensionOf(name)]
  return { name, file, type, size: Number(size), etag: `"${version}"`, modified: mtime }
}

function isVideoName(name) {
  // encodeURIComponent throws for lone surrogates, which Windows allows.
  return !name.startsWith('.') && Object.hasOwn(TYPES, extensionOf(name)) && name.isWellFormed()
}

function extensionOf(name) {
  return path.extname(name).toLowerCase()
}

module.exports = { listVideos, findVideo, extensions: Object.keys(TYPES) }
