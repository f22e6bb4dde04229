'use strict'

// A video player in the terminal: it asks for one segment after the other and
// plays what it has in its buffer. When the connection gets slow, the buffer
// runs empty, and the player has to wait.
//
//   node examples/video-segments.js [FILE]

const { createReadStream } = require('millrace')

const { createHash } = require('node:crypto')
const { once } = require('node:events')
const fs = require('node:fs')
const http = require('node:http')
const os = require('node:os')
const path = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')

const KIB = 1024
const SEGMENT = 128 * KIB
/** What the video takes a second. */
const BITRATE = 1024 * KIB
/** What the player holds, and what it wants before it goes on. */
const CAPACITY = 4 * SEGMENT
const ENOUGH = 2 * SEGMENT
/** What the connection gives a second: after some segments it is slow for a while. */
const SPEEDS = [4, 4, 4, 0.25, 0.25, 4].map((times) => times * BITRATE)
const TICK = 50

/** Answers a Range with that part of the file, as fast as the connection is. */
function serve(file) {
  return http.createServer((req, res) => {
    const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(req.headers.range).map(Number)
    const speed = SPEEDS[Math.floor(start / SEGMENT) % SPEEDS.length]
    const length = end - start + 1
    res.writeHead(206, { 'Content-Length': length, 'Content-Type': 'video/mp4' })
    createReadStream(file, { start, end, bytesPerSecond: speed }).pipe(res)
  })
}

class Player {
  /** The chunks that came and were not played yet. */
  #chunks = []
  buffered = 0
  received = 0
  played = 0
  segments = 0
  waits = 0
  isWaiting = true
  hash = createHash('sha256')

  constructor(url, size) {
    this.url = url
    this.size = size
  }

  /** Fetches segments as long as there is room. */
  async fetch() {
    while (this.received < this.size) {
      while (this.buffered + SEGMENT > CAPACITY) await sleep(TICK)
      const last = Math.min(this.received + SEGMENT, this.size) - 1
      const headers = { Range: `bytes=${this.received}-${last}` }
      const [response] = await once(http.get(this.url, { headers }), 'response')
      for await (const chunk of response) {
        this.#chunks.push(chunk)
        this.buffered += chunk.length
        this.received += chunk.length
      }
      this.segments += 1
    }
  }

  /** Plays for some milliseconds, if there is something to play. */
  play(milliseconds) {
    const isComplete = this.received === this.size
    if (this.isWaiting && this.buffered < ENOUGH && !isComplete) return
    this.isWaiting = false
    const wanted = Math.min(Math.ceil((BITRATE * milliseconds) / 1000), this.size - this.played)
    if (this.buffered < wanted) {
      this.isWaiting = true
      this.waits += 1
      return
    }
    this.#take(wanted)
  }

  #take(length) {
    this.buffered -= length
    this.played += length
    while (length > 0) {
      const [chunk] = this.#chunks
      const part = chunk.subarray(0, length)
      this.hash.update(part)
      length -= part.length
      if (part.length === chunk.length) this.#chunks.shift()
      else this.#chunks[0] = chunk.subarray(part.length)
    }
  }

  /** One line: what was played, what is in the buffer, what is to come. */
  draw() {
    const width = 40
    const cells = (bytes) => Math.round((bytes / this.size) * width)
    const [played, ready] = [cells(this.played), cells(this.played + this.buffered)]
    const bar = '█'.repeat(played) + '▒'.repeat(ready - played) + '·'.repeat(width - ready)
    const percent = Math.round((this.buffered / CAPACITY) * 100)
    const state = this.isWaiting ? 'waiting' : 'playing'
    return `${bar} ${state}, buffer ${String(percent).padStart(3)} %`
  }
}

/** A file to play, where there is none: it is as good as any to whoever only counts bytes. */
function makeVideo() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-video-'))
  process.on('exit', () => fs.rmSync(folder, { recursive: true }))
  const file = path.join(folder, 'video.mp4')
  fs.writeFileSync(file, Buffer.alloc(3 * 1024 * KIB, 'not really a video, '))
  return file
}

async function main() {
  const file = process.argv[2] ?? makeVideo()
  const { size } = fs.statSync(file)
  const server = serve(file).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const player = new Player(`http://127.0.0.1:${server.address().port}/`, size)
  const fetched = player.fetch()
  let before = performance.now()
  while (player.played < size) {
    await Promise.race([sleep(TICK), fetched.then(() => sleep(TICK))])
    const now = performance.now()
    player.play(now - before)
    before = now
    process.stdout.write(process.stdout.isTTY ? `\r${player.draw()}` : `${player.draw()}\n`)
  }
  await fetched
  server.close()
  const { played, segments, waits, hash } = player
  console.log(`\nplayed ${played} bytes of ${segments} segments, waited ${waits} times`)
  console.log(`sha256 ${hash.digest('hex')}`)
}

main().catch((error) => {
  console.error(`The video cannot be played: ${error.message}`)
  process.exit(1)
})
