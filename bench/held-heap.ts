import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Member } from '#test/stack.ts'

/** Settings of a process whose heap is to be asked for: its inspector takes any free port, once it is woken. */
export const inspectable = { NODE_OPTIONS: '--inspect-port=127.0.0.1:0' }

/**
 * What a process holds when its garbage has just been collected, in MB. The heap as it is says little: V8 leaves garbage lie for
 * minutes, and more of it the more memory the machine has.
 */
export async function openHeap({ child, said }: Member): Promise<{ held(): Promise<number>; close(): void }> {
  child.kill('SIGUSR1')
  let url: string | undefined
  for (let tries = 0; tries < 100 && !url; tries++) {
    await sleep(50)
    url = /Debugger listening on (ws:\S+)/.exec(said.err)?.[1]
  }
  if (!url) throw new Error('The inspector did not open.')
  const socket = new WebSocket(url)
  await once(socket, 'open')
  let asked = 0
  async function ask(method: string, params: object = {}): Promise<unknown> {
    const id = ++asked
    socket.send(JSON.stringify({ id, method, params }))
    for (;;) {
      const [event] = (await once(socket, 'message', { signal: AbortSignal.timeout(30_000) })) as [MessageEvent]
      const answer = JSON.parse(String(event.data)) as { id?: number; result?: unknown; error?: { message: string } }
      if (answer.id !== id) continue
      if (answer.error) throw new Error(answer.error.message)
      return answer.result
    }
  }
  return {
    async held() {
      // The first leaves what finalizers still hold.
      await ask('HeapProfiler.collectGarbage')
      await ask('HeapProfiler.collectGarbage')
      const { usedSize } = (await ask('Runtime.getHeapUsage')) as { usedSize: number }
      return usedSize / 2 ** 20
    },
    close: () => socket.close(),
  }
}
