import { useEffect, useState } from 'react'
import { Logo } from '../../app/logo.tsx'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { Failed, Loading, Skeleton } from '../../ui/page.tsx'
import { FirstRunForm } from './first-run-form.tsx'
import { ForgotForm } from './forgot-form.tsx'
import { SignInForm } from './sign-in-form.tsx'
import { WelcomeForm } from './welcome-form.tsx'

/** What somebody sees who is not signed in; the address stays, so that signing in lands on the page asked for. */
export default function Door() {
  const state = useApi('GET /api/v1/auth/state', undefined, { staleMs: 0 })
  const [link, setLink] = useState<{ purpose: string; shop: string } | null>(null)
  const [forgotten, setForgotten] = useState<string | null>(null)
  const token = linkToken()
  const first = !token && (state.data?.needs_first_user ?? false)
  const [title, lead] = wordsOf(first, token !== null, link, forgotten !== null)
  useEffect(() => {
    document.title = `${title} · Liquor Agent`
  }, [title])
  return (
    <div className="min-h-dvh md:grid md:grid-cols-[minmax(280px,38%)_1fr]">
      <header className="bg-rail text-on-rail md:flex md:flex-col">
        <div className="flex items-center gap-2 px-4 py-4 md:px-8 md:pt-8">
          <Logo />
          <span className="ticket text-[22px]">Liquor Agent</span>
        </div>
        <div className="mt-auto max-md:hidden">
          <p className="max-w-[22ch] px-8 pb-8 text-[26px] leading-8 font-semibold [font-stretch:90%]">
            {t('The right offer to the right adult, every week, inside the law.')}
          </p>
          <Bottles />
          <div className="h-[7px] bg-shelf" />
          <div className="h-14" />
        </div>
        <div className="h-[5px] bg-shelf md:hidden" />
      </header>
      <main id="main" className="grid content-center px-4 py-8">
        <div className="mx-auto w-full max-w-[360px]">
          <h1 className="title pb-1">{title}</h1>
          <p className="pb-5 text-ink-2">{lead}</p>
          {token ? (
            <WelcomeForm token={token} onTitle={setLink} />
          ) : state.data ? (
            first ? (
              <FirstRunForm />
            ) : forgotten !== null ? (
              <ForgotForm email={forgotten} onBack={() => setForgotten(null)} />
            ) : (
              <SignInForm demo={state.data.demo_login} onForgotten={setForgotten} />
            )
          ) : state.isError ? (
            <Failed what={t('The sign-in')} error={state.error} retry={() => void state.refetch()} />
          ) : (
            <Loading what={t('The sign-in')}>
              <Skeleton className="h-48" />
            </Loading>
          )}
        </div>
      </main>
    </div>
  )
}

/** The token of a link in a mail: behind the #, so that it is in no log. */
function linkToken(): string | null {
  return location.pathname === '/welcome' ? location.hash.slice(1) || 'missing' : null
}

function wordsOf(
  first: boolean,
  hasLink: boolean,
  link: { purpose: string; shop: string } | null,
  forgot: boolean,
): [title: string, lead: string] {
  if (hasLink)
    return link?.purpose === 'invitation'
      ? [t('Welcome to {shop}', { shop: link.shop }), t('Choose the password of your account.')]
      : [t('A new password'), t('Choose a password that you use nowhere else.')]
  if (first) return [t('Set up your shop'), t('Nobody uses this shop yet. The first account is its admin.')]
  if (forgot) return [t('Forgot your password?'), t('We mail you a link to a new one.')]
  return [t('Sign in'), t('Use the email address and password of your account.')]
}

const outlines = [
  'M20 120V70c0-11 8-14 8-26V8h14v36c0 12 8 15 8 26v50',
  'M74 120V58c0-6 4-10 10-10V26h16v22c6 0 10 4 10 10v62',
  'M132 120V76c0-14 10-18 10-32V10h12v34c0 14 10 18 10 32v44',
  'M188 120V50h34v70M196 50V34h18v16',
  'M246 120V70c0-11 8-14 8-26V18h14v26c0 12 8 15 8 26v50',
]
const labels = [
  'M20 84h30M20 104h30',
  'M74 72h36M74 100h36',
  'M132 88h32M132 108h32',
  'M188 68h34M188 96h34',
  'M246 84h30M246 104h30',
]

function Bottles() {
  return (
    <svg
      viewBox="0 0 296 120"
      className="ml-4 block w-[min(100%,380px)]"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinejoin="round"
      aria-hidden
    >
      {outlines.map((d, i) => (
        <g key={d}>
          <path d={d} className="text-on-rail-2" />
          <path d={labels[i]} className="text-on-rail-2 opacity-50" />
        </g>
      ))}
    </svg>
  )
}
