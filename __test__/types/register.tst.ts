import 'millrace/register'
import * as entry from 'millrace/register'
import { register, unregister } from 'millrace/register'
import type { RegisterOptions, Registrable } from 'millrace/register'
import { describe, expect, test } from 'tstyche'

describe('millrace/register', () => {
  test('has these exports', () => {
    expect<keyof typeof entry>().type.toBe<'register' | 'unregister'>()
  })

  test('register takes options, and tells', () => {
    expect(register()).type.toBe<boolean>()
    expect(register).type.toBeCallableWith({})
    expect(register).type.toBeCallableWith({ native: false })
    expect(register).type.toBeCallableWith({ only: ['createReadStream'], native: undefined })
    expect(register).type.toBeCallableWith({ only: [], native: true })
    expect(register).type.toBeCallableWith({ buffer: true })
    const only = ['createReadStream'] as const
    expect(register).type.toBeCallableWith({ only })
  })

  test('register refuses what is wrong', () => {
    expect(register).type.not.toBeCallableWith(null)
    expect(register).type.not.toBeCallableWith('createReadStream')
    expect(register).type.not.toBeCallableWith({ native: 'no' })
    expect(register).type.not.toBeCallableWith({ buffer: 'install' })
    expect(register).type.not.toBeCallableWith({ only: 'createReadStream' })
    expect(register).type.not.toBeCallableWith({ only: ['readFile'] })
    expect(register).type.not.toBeCallableWith({ onyl: ['createReadStream'] })
    expect<RegisterOptions['only']>().type.toBe<readonly Registrable[] | undefined>()
  })

  test('unregister takes and tells nothing', () => {
    expect(unregister()).type.toBe<void>()
    expect(unregister).type.not.toBeCallableWith(true)
  })
})
