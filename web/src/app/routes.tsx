import {
  BottleWine,
  CalendarRange,
  ChartColumn,
  FlaskConical,
  LayoutGrid,
  Mailbox,
  Send,
  Settings,
  Shapes,
  Tag,
  UserRoundMinus,
  Users,
  type LucideIcon,
} from 'lucide-react'
import type { ComponentType } from 'react'
import type { Role } from '#contract/accounts.ts'

export interface PageRow {
  /** router path, `$id` for parameters */
  path: string
  title: string
  load: () => Promise<{ default: ComponentType }>
  /** least role that may open it */
  role?: Role
  /** an entry of the side rail, the palette and the `g x` keys */
  nav?: { icon: LucideIcon; keys: string }
}

/** Every page of the app. A new page is a new row; the rail, palette, keys and router read this table. */
export const pages: readonly PageRow[] = [
  {
    path: '/',
    title: 'This week',
    load: () => import('../features/dashboard/dashboard-page.tsx'),
    nav: { icon: CalendarRange, keys: 'g w' },
  },
  {
    path: '/campaigns',
    title: 'Campaigns',
    load: () => import('../features/planning/campaigns-page.tsx'),
    nav: { icon: LayoutGrid, keys: 'g c' },
  },
  {
    path: '/campaigns/new',
    title: 'Plan a week',
    load: () => import('../features/planning/new-plan-page.tsx'),
    role: 'manager',
  },
  {
    path: '/campaigns/automatic',
    title: 'Automatic message',
    load: () => import('../features/planning/new-message-page.tsx'),
    role: 'manager',
  },
  { path: '/campaigns/$id', title: 'Campaign', load: () => import('../features/planning/campaign-page.tsx') },
  {
    path: '/customers',
    title: 'Customers',
    load: () => import('../features/knowledge/customers-page.tsx'),
    nav: { icon: Users, keys: 'g u' },
  },
  {
    path: '/customers/import',
    title: 'Import',
    load: () => import('../features/knowledge/import-page.tsx'),
    role: 'manager',
  },
  { path: '/customers/imports', title: 'Imports', load: () => import('../features/knowledge/imports-page.tsx') },
  {
    path: '/customers/do-not-contact',
    title: 'Do-not-contact list',
    load: () => import('../features/knowledge/do-not-contact-page.tsx'),
  },
  { path: '/customers/tags', title: 'Tags', load: () => import('../features/knowledge/tags-page.tsx') },
  { path: '/customers/exports', title: 'Exports', load: () => import('../features/knowledge/exports-page.tsx') },
  { path: '/customers/$id', title: 'Customer', load: () => import('../features/knowledge/customer-page.tsx') },
  {
    path: '/products',
    title: 'Products',
    load: () => import('../features/knowledge/products-page.tsx'),
    nav: { icon: BottleWine, keys: 'g p' },
  },
  {
    path: '/segments',
    title: 'Segments',
    load: () => import('../features/segments/segments-page.tsx'),
    nav: { icon: Shapes, keys: 'g e' },
  },
  {
    path: '/segments/new',
    title: 'New segment',
    load: () => import('../features/segments/new-segment-page.tsx'),
    role: 'manager',
  },
  { path: '/segments/$id', title: 'Segment', load: () => import('../features/segments/segment-page.tsx') },
  {
    path: '/offers',
    title: 'Offers',
    load: () => import('../features/planning/offers-page.tsx'),
    nav: { icon: Tag, keys: 'g o' },
  },
  {
    path: '/churn',
    title: 'Churn',
    load: () => import('../features/analytics/churn-page.tsx'),
    nav: { icon: UserRoundMinus, keys: 'g r' },
  },
  { path: '/churn/model', title: 'Model card', load: () => import('../features/scoring/model-page.tsx') },
  {
    path: '/sends',
    title: 'Sends',
    load: () => import('../features/dispatch/sends-page.tsx'),
    nav: { icon: Send, keys: 'g d' },
  },
  { path: '/replies', title: 'Replies', load: () => import('../features/feedback/replies-page.tsx') },
  {
    path: '/experiments',
    title: 'Tests',
    load: () => import('../features/experiments/experiments-page.tsx'),
    nav: { icon: FlaskConical, keys: 'g t' },
  },
  {
    path: '/experiments/new',
    title: 'New test',
    load: () => import('../features/experiments/new-experiment-page.tsx'),
    role: 'manager',
  },
  { path: '/experiments/$id', title: 'Test', load: () => import('../features/experiments/experiment-page.tsx') },
  {
    path: '/analytics',
    title: 'Analytics',
    load: () => import('../features/analytics/analytics-page.tsx'),
    nav: { icon: ChartColumn, keys: 'g a' },
  },
  {
    path: '/mailbox',
    title: 'Mailbox',
    load: () => import('../features/delivery/mailbox-page.tsx'),
    nav: { icon: Mailbox, keys: 'g m' },
  },
  {
    path: '/settings',
    title: 'Settings',
    load: () => import('../features/settings/shop-page.tsx'),
    nav: { icon: Settings, keys: 'g s' },
  },
  { path: '/settings/stores', title: 'Stores', load: () => import('../features/settings/stores-page.tsx') },
  { path: '/settings/templates', title: 'Templates', load: () => import('../features/settings/templates-page.tsx') },
  { path: '/settings/templates/$id', title: 'Template', load: () => import('../features/settings/template-page.tsx') },
  { path: '/settings/sign-up', title: 'Sign-up', load: () => import('../features/signup/signup-page.tsx') },
  { path: '/settings/sign-up/$id', title: 'Sign-up form', load: () => import('../features/signup/form-page.tsx') },
  { path: '/settings/compliance', title: 'Compliance', load: () => import('../features/settings/compliance-page.tsx') },
  {
    path: '/settings/compliance/try',
    title: 'Try the rules',
    load: () => import('../features/settings/compliance-try-page.tsx'),
  },
  { path: '/settings/llm', title: 'Language model', load: () => import('../features/settings/llm-page.tsx') },
  { path: '/settings/limits', title: 'Sending limits', load: () => import('../features/settings/limits-page.tsx') },
  { path: '/settings/channels', title: 'Channels', load: () => import('../features/settings/channels-page.tsx') },
  {
    path: '/settings/tills',
    title: 'Tills and web shops',
    load: () => import('../features/tills/tills-page.tsx'),
    role: 'manager',
  },
  {
    path: '/settings/tills/$id',
    title: 'Till',
    load: () => import('../features/tills/till-page.tsx'),
    role: 'manager',
  },
  { path: '/settings/webhooks', title: 'Webhooks', load: () => import('../features/webhooks/webhooks-page.tsx') },
  {
    path: '/settings/webhooks/$id',
    title: 'Webhook',
    load: () => import('../features/webhooks/webhook-page.tsx'),
    role: 'admin',
  },
  {
    path: '/settings/people',
    title: 'People',
    load: () => import('../features/settings/people-page.tsx'),
    role: 'admin',
  },
  {
    path: '/settings/audit',
    title: 'Audit trail',
    load: () => import('../features/settings/audit-page.tsx'),
    role: 'admin',
  },
  {
    path: '/settings/system',
    title: 'System',
    load: () => import('../features/system/system-page.tsx'),
    role: 'manager',
  },
  { path: '/settings/api-keys', title: 'API keys', load: () => import('../features/settings/api-keys-page.tsx') },
  { path: '/profile', title: 'Your account', load: () => import('../features/accounts/profile-page.tsx') },
  // Links of mails land here; the door shows it to whoever comes (app/root.tsx).
  { path: '/welcome', title: 'Your account', load: () => import('../features/accounts/door.tsx') },
]
