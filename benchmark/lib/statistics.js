'use strict'

/**
 * The value below which a part of the values lies, interpolated between
 * neighbours.
 * @param {number[]} values at least one
 * @param {number} part 0 to 1
 */
function quantile(values, part) {
  if (values.length === 0) throw new RangeError('No values')
  const sorted = [...values].sort((a, b) => a - b)
  const position = (sorted.length - 1) * part
  const below = sorted[Math.floor(position)]
  const above = sorted[Math.ceil(position)]
  return below + (above - below) * (position - Math.floor(position))
}

/** @param {number[]} values */
function median(values) {
  return quantile(values, 0.5)
}

/**
 * Median, quartiles and extremes.
 * @param {number[]} values
 */
function spread(values) {
  return {
    minimum: quantile(values, 0),
    lowerQuartile: quantile(values, 0.25),
    median: median(values),
    upperQuartile: quantile(values, 0.75),
    maximum: quantile(values, 1),
  }
}

module.exports = { quantile, median, spread }
