'use strict'

/** A set that forgets its oldest members when it is full. */
class RecentSet {
  #members = new Set()
  #capacity

  /** @param {number} capacity how many members it holds at most */
  constructor(capacity) {
    this.#capacity = capacity
  }

  has(member) {
    return this.#members.has(member)
  }

  add(member) {
    if (this.#members.has(member)) return
    if (this.#members.size === this.#capacity) {
      this.#members.delete(this.#members.values().next().value)
    }
    this.#members.add(member)
  }

  delete(member) {
    this.#members.delete(member)
  }
}

module.exports = { RecentSet }
