'use strict'

// How the scripts of this folder begin and end.

/** What the user can do something about: shown as one sentence, without a stack. */
class Problem extends Error {}

/**
 * Runs a script. However it ends, `process.on('exit')` listeners run.
 * @param {() => Promise<void>} main
 */
function runCommand(main) {
  process.once('SIGINT', () => process.exit(130))
  process.once('SIGTERM', () => process.exit(143))
  main().then(
    () => process.exit(0),
    (error) => {
      console.error(error instanceof Problem ? `benchmark: ${error.message}` : error)
      process.exit(1)
    },
  )
}

/** For what is not part of the result. */
function note(text) {
  process.stderr.write(`${text}\n`)
}

module.exports = { Problem, runCommand, note }
