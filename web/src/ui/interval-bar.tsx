/** A value with its 95 % interval on a common scale; the words beside it say the same. */
export function IntervalBar({
  low,
  mid,
  high,
  from,
  to,
}: {
  low: number
  mid: number
  high: number
  /** ends of the scale; 0 is drawn when it lies inside */
  from: number
  to: number
}) {
  const span = to - from || 1
  const at = (v: number): number => Math.max(0, Math.min(100, ((v - from) / span) * 100))
  return (
    <span className="relative block h-6" aria-hidden>
      <span className="absolute inset-x-0 top-[11px] h-px bg-line" />
      {from < 0 && to > 0 && (
        <span className="absolute top-0.5 h-5 w-px bg-line-strong" style={{ left: `${at(0)}%` }} />
      )}
      <span
        className="absolute top-2 h-2 rounded-sm bg-c1/35"
        style={{ left: `${at(low)}%`, width: `${Math.max(0.5, at(high) - at(low))}%` }}
      />
      <span className="absolute top-1 h-4 w-1 -translate-x-1/2 bg-c1" style={{ left: `${at(mid)}%` }} />
    </span>
  )
}
