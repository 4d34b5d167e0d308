const bottles = {
  shelf: [
    'M14 34V22c0-3 2-4 2-7V9h6v6c0 3 2 4 2 7v12',
    'M36 34V20h4v-9h4v9h4v14',
    'M60 34V24c0-4 3-5 3-9V8h5v7c0 4 3 5 3 9v10',
    'M84 34V18h12v16M86 18v-5h8v5',
  ],
  none: ['M14 34V22c0-3 2-4 2-7V9h6v6c0 3 2 4 2 7v12'],
}

/** A shelf: full for "nothing yet", one bottle left for "nothing matches". */
export function EmptyArt({ kind = 'shelf' }: { kind?: keyof typeof bottles }) {
  return (
    <svg viewBox="0 0 110 48" className="h-14 w-32" fill="none" aria-hidden>
      {bottles[kind].map((d) => (
        <path key={d} d={d} stroke="var(--line-strong)" strokeWidth="1.5" strokeLinejoin="round" />
      ))}
      {kind === 'none' && (
        <path
          d="M40 34h8M62 34h8M84 34h8"
          stroke="var(--line-strong)"
          strokeWidth="1.5"
          strokeDasharray="2 2"
          transform="translate(0 -1)"
        />
      )}
      <path d="M2 36.5h106" stroke="var(--shelf)" strokeWidth="4" />
      <path d="M12 38.5v7M98 38.5v7" stroke="var(--line-strong)" strokeWidth="1.5" />
    </svg>
  )
}
