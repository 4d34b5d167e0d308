/** Waiting that can be cut short. */
export interface Naps {
  /** `forReady`: also woken when new messages are ready */
  sleep(ms: number, forReady?: boolean): Promise<void>
  wake(): void
  wakeReady(): void
}

export function createNaps(): Naps {
  const all = new Set<() => void>()
  const ready = new Set<() => void>()
  return {
    sleep: (ms, forReady = false) =>
      new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer)
          all.delete(done)
          ready.delete(done)
          resolve()
        }
        const timer = setTimeout(done, ms)
        all.add(done)
        if (forReady) ready.add(done)
      }),
    wake() {
      for (const done of all) done()
    },
    wakeReady() {
      for (const done of ready) done()
    },
  }
}
