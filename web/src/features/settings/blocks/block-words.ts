import { Heading1, Image, Minus, MousePointerClick, Pilcrow, Tag, Wine, Code, type LucideIcon } from 'lucide-react'
import type { Block, BlockKind } from '#core/delivery/blocks.ts'

export const blockWords: Record<BlockKind, { label: string; icon: LucideIcon; about: string }> = {
  heading: { label: 'Heading', icon: Heading1, about: 'One line, large' },
  text: { label: 'Text', icon: Pilcrow, about: 'A paragraph' },
  offer: { label: 'Offer', icon: Tag, about: 'The offer of the message, with code and end' },
  products: { label: 'Products', icon: Wine, about: 'What is picked for the customer, with prices' },
  button: { label: 'Button', icon: MousePointerClick, about: 'Leads to your website' },
  image: { label: 'Image', icon: Image, about: 'From an address' },
  divider: { label: 'Divider', icon: Minus, about: 'A thin line' },
  code: { label: 'Code', icon: Code, about: 'MJML that is no block' },
}

/** What can be added; code is written in the code view. */
export const addable: readonly BlockKind[] = ['heading', 'text', 'offer', 'products', 'button', 'image', 'divider']

export function newBlock(kind: BlockKind): Block {
  switch (kind) {
    case 'heading':
      return { kind, html: 'A new heading', planned: false }
    case 'text':
      return { kind, html: 'A few good words.', planned: false }
    case 'image':
      return { kind, src: 'https://', alt: '', href: '' }
    case 'button':
      return { kind, label: 'See what is in', href: '{{ store.url }}' }
    case 'products':
      return { kind, title: 'Picked for you' }
    case 'offer':
    case 'divider':
      return { kind }
    case 'code':
      return { kind, mjml: '' }
  }
}

/** Values a text may be filled with, and how they read in a menu. */
export const insertable: readonly (readonly [label: string, liquid: string])[] = [
  ['Greeting with the name', '{% if first_name %}Hi {{ first_name }},{% else %}Hello,{% endif %}'],
  ['First name', '{{ first_name }}'],
  ['Why they get it', '{% if reason %}{{ reason }}{% endif %}'],
  ['Store', '{{ store.name }}'],
  ['Address of the store', '{{ store.address }}, {{ store.city }}'],
  ['Phone of the store', '{{ store.phone }}'],
]
