import { randomBytes } from 'node:crypto'
import { cliActor } from '../audit.ts'
import type { Globals } from '../cli.ts'
import { countKeys, rotateKeys } from '../key-rotation.ts'
import { currentKeyId } from '../secrets.ts'
import { withContext } from '../up.ts'
import { CliError, exit, print } from './output.ts'

/** `new` prints a key, `show` says which key how many stored secrets need, `rotate` encrypts them all with the first one. */
export async function keysCommand(globals: Globals, what: string): Promise<void> {
  if (what === 'new') {
    const id = `k${new Date().toISOString().slice(0, 10).replaceAll('-', '')}`
    const key = `${id}:${randomBytes(32).toString('base64url')}`
    print(globals, 'keys-new', { key }, () => [key])
    return
  }
  if (what !== 'show' && what !== 'rotate')
    throw new CliError('Say what: liquor-agent keys new, keys show, or keys rotate', exit.usage)
  await withContext(async (ctx) => {
    if (what === 'show') {
      const counts = await countKeys(ctx)
      print(globals, 'keys', { current: currentKeyId(ctx.config), counts }, () => [
        `New secrets are encrypted with “${currentKeyId(ctx.config)}”.`,
        ...Object.entries(counts).map(([id, n]) => `${n} stored with “${id}”`),
      ])
      return
    }
    const done = await rotateKeys(ctx, cliActor, globals.signal)
    print(globals, 'keys-rotate', { ...done }, () => [
      `${done.changed} secrets encrypted anew with “${done.current}”, ${done.kept} were already.`,
      ...done.unreadable.map((u) => `UNREADABLE ${u.place}: needs the key “${u.key}”`),
      globals.signal.aborted
        ? 'Stopped; run it again to go on.'
        : done.unreadable.length === 0
          ? 'Other keys may be taken out of LMA_ENCRYPTION_KEYS, once every process was restarted with this one first. Backups from before need them.'
          : 'Put the missing keys back, or enter these secrets again in the settings.',
    ])
    if (done.unreadable.length > 0) process.exitCode = exit.partly
  })
}
