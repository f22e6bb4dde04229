'use strict'

const fs = require('fs')
const path = require('path')

const Koa = require('koa')
const send = require('koa-send')

const app = new Koa()

app.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/send/')) return next()
  await send(ctx, ctx.path.slice('/send'.length), { root: process.env.FOLDER })
})

app.use((ctx) => {
  const name = path.basename(ctx.path)
  ctx.type = path.extname(name)
  ctx.body = fs.createReadStream(path.join(process.env.FOLDER, name))
})

// Node's errors of files that are not there are told to the client only.
app.silent = true

const server = app.listen(0, () => process.send(server.address().port))
