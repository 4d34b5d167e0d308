/** A bottle on the amber shelf. */
export function Logo({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 24 26" className={className ?? 'h-6 w-5.5'} fill="none" aria-hidden>
      <path
        d="M9.8 2h4.4v5.2c0 1.2 2.6 2.2 2.6 5v8.3H7.2v-8.3c0-2.8 2.6-3.8 2.6-5z"
        stroke="currentColor"
        strokeWidth="1.7"
        strokeLinejoin="round"
      />
      <path d="M7.2 14h9.6" stroke="currentColor" strokeWidth="1.7" />
      <path d="M2 23h20" stroke="#E2A33B" strokeWidth="2.6" />
    </svg>
  )
}
