'use strict'

// A client in a process of its own, whose sockets are as tight and as slow as
// its parent made them. It tells what came, and of each part that comes.

const { Client } = require('./client.js')

const [port, pause, most] = process.argv.slice(2).map(Number)

async function run() {
  const client = await Client.connect({ port, host: '127.0.0.1' })
  let count = 0
  client.socket.on('data', (part) => {
    count += part.length
    if (count >= most) {
      client.socket.pause()
      process.send({ count })
    } else if (pause > 0) {
      client.socket.pause()
      setTimeout(() => client.socket.resume(), pause)
    }
  })
  client.get('/')
  const { headers, length, sha256, complete } = await client.response()
  process.send({ header: headers['x-large']?.length ?? 0, length, sha256, complete })
  process.disconnect()
  client.destroy()
}

process.on('disconnect', () => process.exit())
run()
