'use strict'

const assert = require('node:assert/strict')
const { spawn } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { chromium } = require('playwright-core')

const { binding } = require('../lib/native.js')

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium'
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
]
const TIMEOUT = 60_000

/** Bytes per second: enough to play the clip, too few to have all of it before the seek. */
const THROUGHPUT = 60_000

const isRequired = Boolean(process.env.CI || process.env.MILLRACE_REQUIRE_BROWSER)
const skip =
  !isRequired && !fs.existsSync(EXECUTABLE)
    ? `there is no Chromium at ${EXECUTABLE}: name another one in CHROMIUM`
    : false

// The server has a process of its own: playwright-core replaces functions of
// `node:fs`, and then files are no longer sent natively.
const SERVER = `
  const { createApp } = require('./demo/app.js')
  const onTransfer = (transfer) => process.send(transfer)
  const server = require('node:http').createServer(createApp({ directory: 'demo/videos', onTransfer }))
  server.listen(0, '127.0.0.1', () => process.send(server.address().port))
  process.once('SIGTERM', () => {
    server.close()
    server.closeAllConnections()
    process.channel.unref()
  })
`

async function startServer(t) {
  const child = spawn(process.execPath, ['-e', SERVER], {
    cwd: path.join(__dirname, '..'),
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  t.after(() => child.kill('SIGKILL'))
  const [port] = await once(child, 'message')
  const transfers = []
  child.on('message', (transfer) => transfers.push(transfer))
  /** Ends the server. Gives the `transfer` of every file that it sent. */
  const end = async () => {
    child.kill('SIGTERM')
    await once(child, 'disconnect')
    return transfers
  }
  return { url: `http://127.0.0.1:${port}/`, end }
}

async function openPage(t, url) {
  const browser = await chromium.launch({ executablePath: EXECUTABLE, args: ARGUMENTS })
  t.after(() => browser.close())
  const page = await browser.newPage()
  page.setDefaultTimeout(TIMEOUT)
  const network = await page.context().newCDPSession(page)
  await network.send('Network.enable')
  await network.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 0,
    downloadThroughput: THROUGHPUT,
    uploadThroughput: -1,
  })
  const complaints = []
  const answers = []
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('response', (response) => answers.push(response))
  await page.goto(url)
  return { page, complaints, answers }
}

/** Waits until the video has played on for half a second from `time`. */
async function playsFrom(page, time) {
  await page.waitForFunction(
    (from) => {
      const { error, seeking, paused, currentTime } = document.querySelector('video')
      if (error !== null) throw new Error(error.message)
      return !seeking && !paused && currentTime > from + 0.5
    },
    time,
    { polling: 50 },
  )
  return page.evaluate(() => document.querySelector('video').currentTime)
}

test('a browser plays the sample clip, and seeks in it', { skip, timeout: TIMEOUT }, async (t) => {
  const { url, end } = await startServer(t)
  const { page, complaints, answers } = await openPage(t, url)

  await page.getByRole('link', { name: 'sample.webm' }).click()
  await playsFrom(page, 0)
  const { duration, width } = await page.evaluate(() => {
    const { duration, videoWidth } = document.querySelector('video')
    return { duration, width: videoWidth }
  })
  assert.equal(width, 854)
  assert.ok(duration > 20 && duration < 30)

  const middle = duration / 2
  await page.evaluate((time) => {
    document.querySelector('video').currentTime = time
  }, middle)
  const reached = await playsFrom(page, middle)
  assert.ok(reached < duration)

  assert.equal(await page.getByRole('heading', { name: 'sample.webm' }).count(), 1)
  assert.equal(await page.getByRole('status').textContent(), '')
  assert.deepEqual(complaints, [])
  const videos = answers.filter((answer) => answer.url().endsWith('/videos/sample.webm'))
  for (const answer of videos) assert.equal(answer.status(), 206)
  const ranges = videos.map((answer) => answer.headers()['content-range'])
  const starts = ranges.map((range) => Number(/^bytes (\d+)-/.exec(range)[1]))
  assert.equal(starts[0], 0)
  // The way to the middle leads over the index, not over the bytes before it.
  assert.ok(
    starts.some((start) => start > 250_000),
    ranges.join(', '),
  )

  await t.test('the bytes were carried natively', { skip: binding === null }, async () => {
    const transfers = await end()
    const bytes = transfers.reduce((sum, transfer) => sum + transfer.bytes, 0)
    assert.ok(bytes > 0, JSON.stringify(transfers))
  })
})
