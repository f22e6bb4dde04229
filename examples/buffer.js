'use strict'

// What a buffer is, line by line, each with its result:
//
//   node examples/buffer.js

const { Buffer } = require('millrace')

const { inspect } = require('node:util')

/** Prints an expression and what it comes to. */
function show(expression) {
  const source = String(expression).replace('() => ', '')
  console.log(`${source}\n  ${inspect(expression(), { breakLength: Infinity })}`)
}

function title(text) {
  console.log(`\n# ${text}`)
}

title('A buffer is a row of bytes, each a number from 0 to 255')
const bytes = Buffer.from('Hi €')
show(() => bytes)
show(() => bytes.length)
show(() => bytes[0])
show(() => [...bytes])
show(() => bytes.toString())
show(() => Buffer.isBuffer(bytes) && bytes instanceof Uint8Array)

title('Making one')
show(() => Buffer.alloc(5))
show(() => Buffer.alloc(5, 'ab'))
show(() => Buffer.allocUnsafe(5).fill(1))
show(() => Buffer.from([72, 105, 256, -1]))
show(() => Buffer.from('cafe', 'hex'))
show(() => Buffer.from(new Uint16Array([1, 2]).buffer))

title('Writing and reading')
const page = Buffer.alloc(10)
show(() => page.write('video'))
show(() => page.writeUInt32BE(0xdeadbeef, 6))
show(() => page)
show(() => page.readUInt32BE(6).toString(16))
show(() => page.fill('.', 0, 5).toString('latin1', 0, 6))

title('Joining and cutting: a slice is a view of the same memory, a copy is not')
const joined = Buffer.concat([Buffer.from('stream'), Buffer.from('ing')])
show(() => joined.toString())
const view = joined.subarray(0, 6)
const copy = Buffer.from(view)
show(() => view.write('STREAM'))
show(() => joined.toString())
show(() => copy.toString())
show(() => joined.copy(copy, 0, 6))
show(() => copy.toString())

title('Comparing')
show(() => Buffer.from('a').equals(Buffer.from('a')))
show(() => Buffer.compare(Buffer.from('a'), Buffer.from('b')))
show(() => [Buffer.from('b'), Buffer.from('a')].sort(Buffer.compare))

title('Encodings: the same bytes, written in another way')
const text = Buffer.from('naïve 😀')
show(() => text.toString('hex'))
show(() => text.toString('base64'))
show(() => text.toString('base64url'))
show(() => text.toString('latin1'))
show(() => Buffer.from('bmHDr3ZlIPCfmIA', 'base64').toString())
show(() => 'naïve 😀'.length)
show(() => Buffer.byteLength('naïve 😀'))
show(() => Buffer.from('naïve', 'utf16le').length)
show(() => Buffer.from([0x68, 0x69, 0xff]).toString())

title('Searching')
const head = Buffer.from('GET /video.mp4 HTTP/1.1\r\nHost: localhost\r\n\r\n')
show(() => head.indexOf('\r\n'))
show(() => head.lastIndexOf('\r\n'))
show(() => head.includes('video'))
show(() => head.indexOf(Buffer.from('Host')))
show(() => head.subarray(0, head.indexOf('\r\n')).toString())
show(() => head.indexOf('websocket'))
