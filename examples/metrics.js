'use strict'

// Serves a file, and at /metrics what Prometheus wants to know of it. Needs
// prom-client.
//
//   [PORT=8000] node examples/metrics.js [FILE]

const { subscribe } = require('node:diagnostics_channel')
const http = require('node:http')

const { Counter, Gauge, Histogram, register } = require('prom-client')

const { createReadStream, stats } = require('millrace')

const file = process.argv[2] ?? __dirname + '/data.txt'

const OUTCOMES = ['done', 'aborted', 'unpiped', 'failed', 'truncated', 'stalled']

/** A metric whose values are looked up when Prometheus asks: [[labels, value]]. */
function lookedUp(Metric, name, help, labelNames, look) {
  return new Metric({
    name,
    help,
    labelNames,
    collect() {
      this.reset()
      for (const [labels, value] of look(stats())) this.inc(labels, value)
    },
  })
}

/** The entries of an object, as values of one label. */
function by(label, counts) {
  return Object.entries(counts).map(([name, count]) => [{ [label]: name }, count])
}

lookedUp(
  Counter,
  'millrace_transfers_started_total',
  'Transfers that began.',
  [],
  ({ transfers }) => [[{}, transfers.started]],
)
lookedUp(
  Gauge,
  'millrace_transfers_active',
  'Transfers that are under way.',
  [],
  ({ transfers }) => [[{}, transfers.active]],
)
lookedUp(
  Counter,
  'millrace_transfers_ended_total',
  'Transfers that ended, by how they did.',
  ['outcome'],
  ({ transfers }) => OUTCOMES.map((outcome) => [{ outcome }, transfers[outcome]]),
)
lookedUp(
  Counter,
  'millrace_transfer_bytes_total',
  'Bytes of files, by what moved them.',
  ['engine'],
  ({ bytes }) => by('engine', bytes),
)
lookedUp(
  Counter,
  'millrace_transfer_fallbacks_total',
  'Transfers that ended in JavaScript, by reason.',
  ['reason'],
  ({ fallbacks }) => by('reason', fallbacks),
)

const duration = new Histogram({
  name: 'millrace_transfer_duration_seconds',
  help: 'How long transfers took.',
  labelNames: ['outcome'],
  buckets: [0.001, 0.01, 0.1, 1, 10, 100, 1000],
})
subscribe('millrace:transfer:end', (message) => {
  duration.observe({ outcome: message.outcome }, message.duration / 1000)
})

const server = http.createServer(async (request, response) => {
  if (request.url === '/metrics') {
    response.setHeader('Content-Type', register.contentType)
    response.end(await register.metrics())
    return
  }
  const stream = createReadStream(file, { stallTimeout: 120_000 })
  stream.on('error', (error) => {
    // Part of the file is out: only the end of the connection can tell.
    if (response.headersSent) return response.destroy()
    response.statusCode = error.code === 'ENOENT' ? 404 : 500
    response.end()
  })
  stream.pipe(response)
})
server.listen(process.env.PORT ?? 8000, () =>
  console.log(`Our server is running on port ${server.address().port}`),
)
