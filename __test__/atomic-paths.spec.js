'use strict'

// Which file `atomic` replaces, and with what: paths of all kinds, classes with a
// `_final` of their own, files of others.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const { pathToFileURL } = require('node:url')

const { createWriteStream, WriteStream } = require('..')
const { newPath } = require('./helpers/files.js')
const { turns } = require('./helpers/writing.js')
const { until } = require('./helpers/server.js')

const OLD = 'the old file'

function makeFolder() {
  const folder = newPath('folder')
  fs.mkdirSync(folder)
  return folder
}

async function errorOf(stream) {
  const closed = new Promise((resolve) => stream.once('close', resolve))
  const [{ code, syscall, path: where, message }] = await once(stream, 'error')
  await closed
  return { code, syscall, where, message }
}

for (const [way, option] of Object.entries({ native: {}, 'by names': { native: false } })) {
  const atomic = { ...option, atomic: true }
  const fill = (target, content = 'new') =>
    once(createWriteStream(target, atomic).end(content), 'close')

  test(`${way}: names that are no text, Buffers and URLs`, async () => {
    const folder = makeFolder()
    const bytes = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0x61, 0xff, 0xe9])])
    await fill(bytes)
    assert.equal(fs.readFileSync(bytes, 'latin1'), 'new')
    await fill(bytes, 'newer')
    assert.equal(fs.readFileSync(bytes, 'latin1'), 'newer')
    const link = Buffer.concat([bytes, Buffer.from('link')])
    fs.symlinkSync(bytes.subarray(folder.length + 1), link)
    await fill(link, 'by link')
    assert.equal(fs.readFileSync(bytes, 'latin1'), 'by link')
    await fill(pathToFileURL(`${folder}/Größe #1`))
    await fill(Buffer.from(`${folder}/Größe #2`))
    await fill(`${folder}/${'n'.repeat(255)}`)
    const names = fs.readdirSync(folder, 'latin1')
    assert.equal(names.length, 5)
    assert.ok(names.every((name) => !name.startsWith('.millrace')))
    assert.equal(fs.readFileSync(`${folder}/Größe #1`, 'latin1'), 'new')
  })

  test(`${way}: nobody may read the new file who may not read the old one`, async (t) => {
    const folder = makeFolder()
    const target = `${folder}/secret`
    fs.writeFileSync(target, OLD, { mode: 0o600 })
    const seen = []
    for (const name of ['fchown', 'fchmod']) {
      const original = fs[name]
      t.mock.method(fs, name, (descriptor, ...args) => {
        seen.push(fs.fstatSync(descriptor).mode & 0o777)
        return original(descriptor, ...args)
      })
    }
    await fill(target)
    assert.deepEqual(seen, [0o600, 0o600])
    assert.equal(fs.statSync(target).mode & 0o777, 0o600)
    assert.equal(fs.readFileSync(target, 'latin1'), 'new')
  })

  test(`${way}: what is no mode is refused as Node refuses it`, async () => {
    const target = `${makeFolder()}/file`
    for (const exists of [false, true]) {
      if (exists) fs.writeFileSync(target, OLD)
      for (const mode of ['zz', -1, 1.5, {}]) {
        const expected = await errorOf(fs.createWriteStream(target, { mode }))
        assert.deepEqual(await errorOf(createWriteStream(target, { ...atomic, mode })), expected)
      }
      assert.equal(fs.existsSync(target), exists)
    }
    assert.equal(fs.readFileSync(target, 'latin1'), OLD)
  })

  test(`${way}: a link to a folder that is not there makes nothing`, async () => {
    const folder = makeFolder()
    fs.symlinkSync('missing/', `${folder}/link`)
    const expected = await errorOf(fs.createWriteStream(`${folder}/link`))
    assert.deepEqual(await errorOf(createWriteStream(`${folder}/link`, atomic)), expected)
    assert.deepEqual(fs.readdirSync(folder), ['link'])
  })

  test(`${way}: in a folder that was removed`, async () => {
    const folder = makeFolder()
    const target = `${folder}/file`
    const program = `
      const fs = require('fs')
      const { createWriteStream } = require(${JSON.stringify(path.join(__dirname, '..'))})
      const gone = fs.mkdtempSync('${folder}/gone-')
      process.chdir(gone)
      fs.rmdirSync(gone)
      const option = ${JSON.stringify(atomic)}
      createWriteStream(${JSON.stringify(target)}, option).end('new').on('close', () => {
        const message = []
        for (const make of [fs.createWriteStream, createWriteStream]) {
          make('relative', option).on('error', (error) => message.push(error.message))
        }
        process.on('exit', () => console.log(JSON.stringify(message)))
      })`
    const [nodes, ours] = JSON.parse(
      execFileSync(process.execPath, ['-e', program], { encoding: 'utf8' }),
    )
    assert.equal(ours, nodes)
    assert.equal(fs.readFileSync(target, 'latin1'), 'new')
  })

  test(`${way}: a folder that is changed meanwhile`, async (t) => {
    const [first, second] = [makeFolder(), makeFolder()]
    const before = process.cwd()
    t.after(() => process.chdir(before))
    process.chdir(first)
    const stream = createWriteStream('relative', atomic)
    await once(stream, 'open')
    process.chdir(second)
    await once(stream.end('new'), 'close')
    assert.deepEqual([fs.readdirSync(first), fs.readdirSync(second)], [['relative'], []])
  })

  test(`${way}: '..' behind a link is where the kernel takes it to be`, async () => {
    const [folder, elsewhere] = [makeFolder(), makeFolder()]
    fs.mkdirSync(`${elsewhere}/below`)
    fs.symlinkSync(`${elsewhere}/below`, `${folder}/link`)
    await fill(`${folder}/link/../file`)
    assert.deepEqual(fs.readdirSync(elsewhere).toSorted(), ['below', 'file'])
    fs.symlinkSync('link/../dangling', `${folder}/other`)
    await fill(`${folder}/other`)
    assert.deepEqual(fs.readdirSync(elsewhere).toSorted(), ['below', 'dangling', 'file'])
  })

  test(`${way}: other names of the file keep the old one`, async () => {
    const folder = makeFolder()
    fs.writeFileSync(`${folder}/one`, OLD)
    fs.linkSync(`${folder}/one`, `${folder}/two`)
    await fill(`${folder}/one`)
    assert.equal(fs.readFileSync(`${folder}/two`, 'latin1'), OLD)
  })

  test(`${way}: what cannot be replaced is told as a plain stream tells it`, async () => {
    const folder = makeFolder()
    fs.symlinkSync('round', `${folder}/round`)
    for (const target of [`${folder}/none/`, `${folder}/round`, `${folder}/${'n'.repeat(256)}`]) {
      const errors = []
      for (const options of [{}, atomic])
        errors.push(await errorOf(createWriteStream(target, options)))
      assert.deepEqual(errors[1], errors[0])
    }
    execFileSync('mkfifo', [`${folder}/fifo`])
    const { code } = await errorOf(createWriteStream(`${folder}/fifo`, atomic))
    assert.equal(code, 'ERR_MILLRACE_NOT_A_FILE')
    assert.deepEqual(fs.readdirSync(folder).toSorted(), ['fifo', 'round'])
  })

  test(`${way}: what is in the way when all is written`, async () => {
    const folder = makeFolder()
    const stream = createWriteStream(`${folder}/file`, atomic)
    await once(stream, 'open')
    fs.mkdirSync(`${folder}/file`)
    const error = await errorOf(stream.end('lost'))
    assert.deepEqual([error.code, error.syscall], ['EISDIR', 'rename'])
    assert.deepEqual(fs.readdirSync(folder), ['file'])
    const gone = createWriteStream(`${folder}/file/below`, atomic)
    await once(gone, 'open')
    fs.rmSync(folder, { recursive: true })
    assert.equal((await errorOf(gone.end('lost'))).code, 'ENOENT')
  })

  test(`${way}: a signal that was aborted before leaves nothing`, async () => {
    const folder = makeFolder()
    const signal = AbortSignal.abort()
    const stream = createWriteStream(`${folder}/file`, { ...atomic, signal })
    await errorOf(stream)
    await turns(20)
    await until(() => fs.readdirSync(folder).length === 0, 'the file to be removed')
    await until(() => descriptorsBelow(folder) === 0, 'the file to be closed')
  })

  test(`${way}: classes with a _final of their own`, async () => {
    const folder = makeFolder()
    let finals = 0
    const count = (callback) => {
      finals += 1
      callback()
    }
    const kinds = {
      method: class extends WriteStream {
        _final(callback) {
          count(callback)
        }
      },
      assigned: class extends WriteStream {
        constructor(...args) {
          super(...args)
          this._final = count
        }
      },
      field: class extends WriteStream {
        _final = count
      },
    }
    for (const [name, Kind] of Object.entries(kinds)) {
      const file = `${folder}/${name}`
      fs.writeFileSync(file, OLD)
      await once(new Kind(file, atomic).end('new'), 'close')
      assert.equal(fs.readFileSync(file, 'latin1'), 'new', name)
    }
    assert.equal(finals, 3)
    assert.equal(fs.readdirSync(folder).length, 3)
  })

  test(`${way}: a group that cannot be kept gets no more than others`, async (t) => {
    const folder = makeFolder()
    const { fchown } = fs
    t.after(() => (fs.fchown = fchown))
    const modeAfter = async (mode, refuses) => {
      fs.rmSync(`${folder}/file`, { force: true })
      fs.writeFileSync(`${folder}/file`, OLD)
      fs.chmodSync(`${folder}/file`, mode)
      fs.fchown = (descriptor, uid, gid, callback) =>
        refuses(uid) ? callback(new Error('refused')) : fchown(descriptor, uid, gid, callback)
      await fill(`${folder}/file`)
      fs.fchown = fchown
      return fs.statSync(`${folder}/file`).mode & 0o7777
    }
    const never = () => true
    const owner = (uid) => uid !== -1
    assert.equal(await modeAfter(0o660, owner), 0o660)
    assert.equal(await modeAfter(0o660, never), 0o600)
    assert.equal(await modeAfter(0o664, never), 0o644)
    assert.equal(await modeAfter(0o755, never), 0o755)
  })

  test(`${way}: a file that may be written to and not read`, async () => {
    const folder = makeFolder()
    const file = path.join(folder, 'secret')
    fs.writeFileSync(file, OLD, { mode: 0o200 })
    await fill(file)
    assert.equal(fs.statSync(file).mode & 0o777, 0o200)
  })
}

function descriptorsBelow(folder) {
  return fs.readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder)
    } catch {
      return false
    }
  }).length
}
