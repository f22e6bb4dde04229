'use strict'

// What is loaded when it is asked for: programs that do without start sooner.

/**
 * Defines a property that is loaded when it is first read, and is as any other
 * from then on. It can be replaced before as well.
 * @param {object} holder
 * @param {string} name
 * @param {() => unknown} load
 */
function defer(holder, name, load) {
  const common = { configurable: true, enumerable: true }
  const set = (value) => {
    Object.defineProperty(holder, name, { ...common, value, writable: true })
  }
  const get = () => {
    set(load())
    return holder[name]
  }
  Object.defineProperty(holder, name, { ...common, get, set })
}

module.exports = { defer }
