import { noticeText } from '#core/notices.ts'

interface Body {
  type: string
  data: Record<string, unknown>
}

const campaignWords: Record<string, string> = {
  approved: 'is approved',
  scheduled: 'is scheduled',
  started: 'has started',
  paused: 'is paused',
  resumed: 'goes on',
  completed: 'is done',
  cancelled: 'is cancelled',
  reopened: 'is a draft again',
}
const marks: Record<string, string> = { good: '✓', info: '•', warn: '!', risk: '‼' }

/** One line for a chat room, in the form that Slack and its likes read. @param base where links lead */
export function chatBody(stored: string, base: string): string {
  const { type, data } = JSON.parse(stored) as Body
  return JSON.stringify({ text: lineOf(type, data, base) })
}

// Slack reads &, < and > as its own markup.
const plain = (text: unknown): string =>
  (typeof text === 'string' ? text : '').replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')

function lineOf(type: string, data: Record<string, unknown>, base: string): string {
  if (type === 'notice.created') {
    const facts = (data['facts'] ?? {}) as Record<string, unknown>
    const path = typeof data['path'] === 'string' ? data['path'] : null
    const mark = marks[String(data['level'])] ?? '•'
    return `${mark} ${plain(noticeText(String(data['kind']), facts))}${path ? ` <${base}${path}|Open>` : ''}`
  }
  if (type.startsWith('campaign.')) {
    const done = type === 'campaign.completed' ? `: ${Number(data['completed_sends'])} messages` : ''
    const word = campaignWords[type.slice('campaign.'.length)] ?? type
    return `• ${plain(data['name'])} ${word}${done} <${base}/campaigns/${String(data['campaign_id'])}|Open>`
  }
  return '• This is a test of Liquor Agent. If you can read it, it works.'
}
