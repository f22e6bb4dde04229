/** What `register` can replace, by the name of the function of `node:fs`. */
export type Registrable = 'createReadStream' | 'createWriteStream'

/** The options of `register`. */
export interface RegisterOptions {
  /**
   * What to replace; the rest is Node's again.
   * @default all that there is
   */
  only?: readonly Registrable[] | undefined
  /**
   * Puts Buffer's operations in the place of Node's as well, in the whole
   * process, as `install` of `millrace/buffer` does.
   * @default whether `MILLRACE_BUFFER=install` is in the environment
   */
  buffer?: boolean | undefined
  /**
   * The option `native` of streams that have none of their own, in the whole
   * process.
   * @default true
   */
  native?: boolean | undefined
}

/**
 * Puts millrace's streams in the place of those of `node:fs`: what
 * `fs.createReadStream` and `fs.createWriteStream` make from now on, and the
 * classes `fs.ReadStream` and `fs.WriteStream`, for `require` and `import` alike. Loading this module has called it already;
 * called again, it takes the new options.
 *
 * @returns whether there is a native engine. Where there is none (no binary,
 *   `--permission`, `MILLRACE_ENGINE=javascript`), `fs` stays as it is
 * @throws `ERR_INVALID_ARG_TYPE` for options, or one of them, of another type;
 *   `ERR_INVALID_ARG_VALUE` for a name in `only` that is not known
 */
export function register(options?: RegisterOptions): boolean

/**
 * Gives `node:fs` back what was its own. Streams that were made before stay
 * millrace's.
 */
export function unregister(): void
