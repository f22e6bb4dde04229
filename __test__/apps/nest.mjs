import 'reflect-metadata'

import { createReadStream } from 'node:fs'
import { basename, join } from 'node:path'

import { Controller, Get, Module, Param, StreamableFile } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'

class FileController {
  getFile(name) {
    return new StreamableFile(createReadStream(join(process.env.FOLDER, basename(name))), {
      type: 'video/mp4',
    })
  }
}

// What @Decorators become in JavaScript.
const method = Object.getOwnPropertyDescriptor(FileController.prototype, 'getFile')
Get(':name')(FileController.prototype, 'getFile', method)
Param('name')(FileController.prototype, 'getFile', 0)
Controller('files')(FileController)

function AppModule() {}
Module({ controllers: [FileController] })(AppModule)

const app = await NestFactory.create(AppModule, { logger: false })
await app.listen(0)
process.send(app.getHttpServer().address().port)
