/**
 * The stages in order, stated once: the CLI, the worker, the documentation and the UI read it. Each table has one
 * writing slice, or the kernel (modules directly in server/); anybody may read. test/architecture.test.ts checks it.
 */
export const pipeline = [
  {
    stage: 'knowledge',
    seedName: 'knowledge base',
    verb: 'import',
    does: 'customers, orders, catalog',
    tables: [
      'customers',
      'orders',
      'order_items',
      'products',
      'consents',
      'imports',
      'import_before',
      'views',
      'bulk_items',
      'integrations',
      'till_hooks',
      'till_records',
      'signup_forms',
      'consent_texts',
      'signups',
      'signup_counts',
    ],
  },
  {
    stage: 'segments',
    seedName: 'playbooks',
    verb: 'segments',
    does: 'who belongs together and what to tell them',
    tables: ['segments', 'segment_members', 'segment_versions', 'segment_counts'],
  },
  {
    stage: 'scoring',
    seedName: 'subagent',
    verb: 'score',
    does: 'scores and actions per customer',
    tables: ['customer_scores', 'model_versions', 'product_neighbours'],
  },
  {
    stage: 'planning',
    seedName: 'orchestrator',
    verb: 'plan',
    does: 'weekly plan within limits',
    tables: ['campaigns', 'offers', 'campaign_variants', 'experiments', 'llm_calls'],
  },
  {
    stage: 'dispatch',
    seedName: 'sender',
    verb: 'send',
    does: 'due sends, windows, rates',
    tables: ['send_batches', 'delivery_attempts'],
  },
  {
    stage: 'delivery',
    seedName: 'pusher',
    verb: 'send',
    does: 'render and deliver: email, SMS',
    tables: ['message_templates', 'links', 'sandbox_messages', 'channel_providers'],
  },
  {
    stage: 'feedback',
    seedName: 'feedback',
    verb: 'feedback',
    does: 'opens, clicks, orders, bounces, opt-outs',
    tables: ['conversions', 'webhook_inbox', 'provider_hooks', 'inbound_messages', 'customer_preferences'],
  },
  {
    stage: 'analytics',
    seedName: 'analytics',
    verb: 'status',
    does: 'what it earned',
    tables: ['chart_notes', 'report_schedules'],
  },
] as const
