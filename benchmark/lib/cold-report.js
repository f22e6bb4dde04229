'use strict'

// What cold.js tells.

const { formatRatio, hostFacts, toTable } = require('./report.js')

const NAMES = {
  cat: '`cat FILE > /dev/null`',
  fs: 'node:fs',
  sendfile: 'millrace',
  copy: 'millrace, `copy`',
}

function toMarkdown({ command, host, options, speed, beside }) {
  const quick = options.isQuick ? ' (--quick: not a measurement)' : ''
  return [
    `${hostFacts(host)}; medians of ${options.rounds} rounds${quick}`,
    `\`${command}\``,
    'A file that is not in memory, downloaded once:',
    toTable(
      ['by', 'GiB/s', 'of `cat`'],
      Object.entries(speed).map(([kind, { gibPerSecond, ratio }]) => [
        NAMES[kind],
        gibPerSecond.toFixed(2),
        formatRatio(ratio),
      ]),
    ),
    `${options.downloads} warm downloads at a time, alone, beside a long one that is warm as well, and beside one that is not:`,
    toTable(
      ['p99, ms', 'through', 'alone', 'beside warm', 'ratio', 'beside cold', 'ratio (quartiles)'],
      Object.entries({ delayP99: 'delay of the event loop', p99: 'a warm download' }).flatMap(
        ([what, label]) =>
          Object.entries(beside).map(([name, { [what]: figures }]) => [
            label,
            NAMES[name],
            figures.alone.median.toFixed(2),
            figures.warm.median.toFixed(2),
            formatRatio(figures.warm.ratio),
            figures.cold.median.toFixed(2),
            formatRatio(figures.cold.ratio),
          ]),
      ),
    ),
  ].join('\n\n')
}

module.exports = { toMarkdown }
