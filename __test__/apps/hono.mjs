import { serve } from '@hono/node-server'
import { serveStatic } from '@hono/node-server/serve-static'
import { Hono } from 'hono'

const app = new Hono()
app.use('/*', serveStatic({ root: process.env.FOLDER }))
serve({ fetch: app.fetch, port: 0 }, ({ port }) => process.send(port))
