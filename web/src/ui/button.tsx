import { Link, type LinkProps } from '@tanstack/react-router'
import { cva, type VariantProps } from 'class-variance-authority'
import type { LucideIcon } from 'lucide-react'
import type { ComponentProps, ReactNode } from 'react'
import { cx } from '../lib/cx.ts'
import { t } from '../lib/i18n.ts'

export const buttonLook = cva(
  'inline-flex shrink-0 items-center justify-center gap-1.5 whitespace-nowrap rounded-md font-medium transition-colors duration-100 disabled:cursor-not-allowed disabled:opacity-50 aria-busy:cursor-progress [&_svg]:size-4 [&_svg]:shrink-0',
  {
    variants: {
      look: {
        primary: 'bg-primary text-on-primary enabled:hover:opacity-90',
        outline: 'border border-line-strong bg-surface text-ink enabled:hover:bg-sunken',
        quiet: 'text-ink-2 enabled:hover:bg-sunken enabled:hover:text-ink',
        risk: 'border border-risk bg-surface text-risk enabled:hover:bg-risk-soft',
        rail: 'text-on-rail-2 hover:bg-white/8 hover:text-on-rail',
      },
      size: {
        md: 'h-9 px-3 max-sm:h-11',
        sm: 'h-8 px-2.5 text-sm max-sm:h-11',
        icon: 'size-9 max-sm:size-11',
        'icon-sm': 'size-8 max-sm:size-11',
      },
    },
    defaultVariants: { look: 'outline', size: 'md' },
  },
)
type Look = VariantProps<typeof buttonLook>

/** A press that does something. `busy` keeps the width and refuses a second press. */
export function Button({
  look,
  size,
  busy = false,
  className,
  disabled,
  children,
  ...rest
}: ComponentProps<'button'> & Look & { busy?: boolean }) {
  return (
    <button
      type="button"
      className={cx(buttonLook({ look, size }), className)}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      {...rest}
    >
      {children}
    </button>
  )
}

/** A button that is only an icon; `label` is its name for everybody. */
export function IconButton({
  icon: Icon,
  label,
  look = 'quiet',
  size = 'icon-sm',
  className,
  ...rest
}: Omit<ComponentProps<'button'>, 'children'> & Look & { icon: LucideIcon; label: string }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={cx(buttonLook({ look, size }), className)}
      {...rest}
    >
      <Icon aria-hidden />
    </button>
  )
}

type To = {
  to: string
  search?: Record<string, unknown>
  params?: Record<string, string>
  className?: string
  children: ReactNode
  onClick?: () => void
}
const linkProps = ({ to, search, params }: To): LinkProps =>
  ({ to, ...(search ? { search } : {}), ...(params ? { params } : {}) }) as LinkProps

/** A link that looks like a button: it goes somewhere. */
export function LinkButton({ look, size, className, children, onClick, ...to }: To & Look) {
  return (
    <Link
      {...linkProps({ ...to, children })}
      onClick={onClick}
      preload="intent"
      className={cx(buttonLook({ look, size }), linkHover[look ?? 'outline'], className)}
    >
      {children}
    </Link>
  )
}
// `enabled:` never matches an anchor.
const linkHover = {
  primary: 'hover:opacity-90',
  outline: 'hover:bg-sunken',
  quiet: 'hover:bg-sunken hover:text-ink',
  risk: 'hover:bg-risk-soft',
  rail: '',
}

/** A link inside text. Addresses of the app go through the router, others open normally. */
export function TextLink({ className, children, onClick, ...to }: To) {
  if (/^(https?:|mailto:|\/(docs|api|u)\b)/.test(to.to)) {
    return (
      <a href={to.to} className={cx('link', className)}>
        {children}
      </a>
    )
  }
  return (
    <Link {...linkProps({ ...to, children })} onClick={onClick} preload="intent" className={cx('link', className)}>
      {children}
    </Link>
  )
}

/** "Load again" and its like inside a sentence. */
export function TextButton({ className, children, ...rest }: ComponentProps<'button'>) {
  return (
    <button type="button" className={cx('link disabled:opacity-50', className)} {...rest}>
      {children}
    </button>
  )
}

/** First stop of the Tab key. */
export function SkipLink() {
  return (
    <a
      href="#main"
      className="sr-only focus:not-sr-only focus:fixed focus:left-2 focus:top-2 focus:z-60 focus:rounded-md focus:bg-surface focus:px-3 focus:py-2"
    >
      {t('Skip to content')}
    </a>
  )
}
