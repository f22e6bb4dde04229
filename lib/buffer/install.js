'use strict'

// Puts ours in the place of Node's own, under the whole process.

const buffer = require('node:buffer')
const { syncBuiltinESMExports } = require('node:module')

const { native } = require('./dispatch.js')
const nodes = require('./nodes.js')
const wrappers = require('./wrappers.js')

/** What stood in the place of ours. */
const replaced = []
/** Who wants ours there. */
const holders = new Set()

/**
 * Replaces the methods of `Buffer.prototype`, the static ones of `Buffer` and
 * the functions of `node:buffer` that the addon does faster, for whoever calls
 * them, Node included. Called again, it changes nothing.
 * @returns {boolean} whether the addon is there; without it nothing is replaced
 */
function install() {
  hold('caller')
  return native !== null
}

/** Gives Node back what `install` took, unless `register` wants it there. */
function uninstall() {
  release('caller')
}

function hold(who) {
  holders.add(who)
  if (replaced.length > 0) return
  replaceIn(nodes.Buffer.prototype, nodes.methods, wrappers.methods)
  // Node 22 and earlier come from it to `utf8Write` and its kin, which are ours.
  const { from, ...others } = wrappers.statics
  replaceIn(nodes.Buffer, nodes.statics, nodes.takesEnd ? { from, ...others } : others)
  replaceIn(buffer, nodes.functions, wrappers.functions)
  if (replaced.length > 0) syncBuiltinESMExports()
}

function release(who) {
  holders.delete(who)
  if (holders.size > 0 || replaced.length === 0) return
  for (const { holder, name, theirs, ours } of replaced.splice(0)) {
    // What someone put over ours since uses ours, and is theirs to take away.
    if (writableValue(holder, name) === ours) holder[name] = theirs
  }
  syncBuiltinESMExports()
}

function replaceIn(holder, originals, wrappers) {
  for (const [name, ours] of Object.entries(wrappers)) {
    if (ours === undefined) continue
    // Under every name that it has: toLocaleString is toString.
    for (const alias of Object.keys(holder)) {
      if (originals[alias] !== originals[name]) continue
      const theirs = writableValue(holder, alias)
      // Ours is there already where someone put it back after `uninstall`. Whatever
      // is not Node's is someone else's: a mock, or another copy of ours.
      if (theirs !== originals[name] && theirs !== ours) continue
      replaced.push({ holder, name: alias, theirs: originals[name], ours })
      holder[alias] = ours
    }
  }
}

/** What a property is, where it can be replaced: a program may have frozen it. */
function writableValue(holder, name) {
  const { writable, value } = Object.getOwnPropertyDescriptor(holder, name) ?? {}
  return writable ? value : undefined
}

module.exports = { install, uninstall, hold, release }
