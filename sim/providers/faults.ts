/** What a provider can do wrong; `took` says whether the message was taken all the same. */
export const faultKinds = {
  /** the connection is cut when the request has arrived, before anything was taken */
  reset: { took: false },
  /** no answer, nothing taken */
  hang: { took: false },
  /** taken, then no answer: the case that nobody can tell from `hang` */
  hang_after: { took: true },
  /** taken, then the connection is cut */
  drop_after: { took: true },
  /** 500, nothing taken */
  error_500: { took: false },
  /** 500, but it was sent: seen at real providers */
  error_500_sent: { took: true },
  error_503: { took: false },
  /** 429 with Retry-After */
  throttle: { took: false },
  /** 2xx and something that is not JSON */
  malformed: { took: true },
  /** 2xx and half a body */
  truncated: { took: true },
} as const
export type FaultKind = keyof typeof faultKinds

export interface Fault {
  kind: FaultKind
  /** share 0..1 of the requests; default all */
  share?: number
  /** how often at most; default for ever */
  times?: number
  /** seconds, for throttle and error_503 */
  retryAfter?: number
}

/** The fault that hits this request, if any; counts `times` down. */
export function drawFault(faults: Fault[], random: () => number): Fault | null {
  for (const fault of faults) {
    if (fault.times !== undefined && fault.times <= 0) continue
    if (random() >= (fault.share ?? 1)) continue
    if (fault.times !== undefined) fault.times -= 1
    return fault
  }
  return null
}
