import type { Letter } from './frame.ts'

interface StarterEmail {
  key: string
  name: string
  category: string
  subject: string
  preheader: string
  letter: Letter
}

const hello = '{% if first_name %}Hi {{ first_name }},{% else %}Hello,{% endif %}'

/** Letters a shop can send on its first day. */
export const starterEmails: readonly StarterEmail[] = [
  {
    key: 'win_back',
    name: 'We have not seen you',
    category: 'win_back',
    subject: '{% if first_name %}{{ first_name }}, it{% else %}It{% endif %} has been a while',
    preheader: 'A few bottles we think you would like, and something to come back for.',
    letter: {
      heading: 'It has been a while',
      opening: [
        hello,
        'The shelves have changed since you were last in. We kept your taste in mind and picked a few bottles for you.',
      ],
      showsOffer: true,
      productsTitle: 'Picked for you',
      closing: [
        'If your taste has moved on, stop by and tell us. Finding the right bottle is the best part of the job.',
      ],
      button: 'See what is in',
    },
  },
  {
    key: 'bundle',
    name: 'Goes well together',
    category: 'bundle',
    subject: '{% if offer.title %}{{ offer.title }}{% else %}Two that belong together{% endif %}',
    preheader: 'Bottles that are better side by side.',
    letter: {
      heading: 'Better side by side',
      opening: [
        hello,
        'Some bottles sell each other. These go together on our own tables, and customers who take one usually come back for the other.',
      ],
      showsOffer: true,
      productsTitle: 'The set',
      button: 'See the set',
    },
  },
  {
    key: 'discovery',
    name: 'Something new to try',
    category: 'discovery',
    subject: 'Something a little different{% if first_name %}, {{ first_name }}{% endif %}',
    preheader: 'One step away from what you usually take home.',
    letter: {
      heading: 'One step off your usual path',
      opening: [
        hello,
        '{% if reason %}{{ reason }}{% else %}You know what you like.{% endif %} So here is something close by that you may not have tried yet.',
      ],
      showsOffer: true,
      productsTitle: 'Worth a try',
      closing: ['Not sure? Ask at the counter. We have opened most of these.'],
      button: 'Have a look',
    },
  },
  {
    key: 'replenishment',
    name: 'Running low?',
    category: 'replenishment',
    subject: 'Running low{% if products.size > 0 %} on {{ products[0].name }}{% endif %}?',
    preheader: 'Your usual is here when you need it.',
    letter: {
      heading: 'Time for another?',
      opening: [
        hello,
        'Going by your last visits, the bottle at home may be close to its end. We have it on the shelf.',
      ],
      showsOffer: true,
      productsTitle: 'Your usual',
      button: 'Put one aside for me',
    },
  },
  {
    key: 'new_arrivals',
    name: 'Just in',
    category: 'new_arrivals',
    subject: 'Just in at {{ store.name }}',
    preheader: 'Fresh on the shelf this week.',
    letter: {
      heading: 'Fresh on the shelf',
      opening: [hello, 'These came in this week. Some of them in small numbers, so have a look before the weekend.'],
      showsOffer: true,
      productsTitle: 'New this week',
      button: 'See what is new',
    },
  },
  {
    key: 'tasting_event',
    name: 'Tasting invitation',
    category: 'tasting_event',
    subject: 'You are invited: {% if offer.title %}{{ offer.title }}{% else %}a tasting at {{ store.name }}{% endif %}',
    preheader: 'A small tasting at the shop. Come thirsty for knowledge.',
    letter: {
      heading: 'Come and taste with us',
      opening: [
        hello,
        'We are opening a few bottles at the shop and would like you to be there. Small pours, good company, no lecture.',
      ],
      showsOffer: true,
      productsTitle: 'What we will pour',
      closing: ['Places are few. Tell us that you are coming, and please bring your ID.'],
      button: 'Save my place',
    },
  },
  {
    key: 'birthday_21',
    name: 'Birthday, for adults of legal age',
    category: 'birthday',
    subject: 'Happy birthday{% if first_name %}, {{ first_name }}{% endif %}',
    preheader: 'From everybody at {{ store.name }}.',
    letter: {
      heading: 'Happy birthday{% if first_name %}, {{ first_name }}{% endif %}',
      opening: ['All the best from everybody at {{ store.name }}. We hope somebody pours you something good.'],
      showsOffer: true,
      productsTitle: 'Good for a toast',
      closing: ['Come by this week, and let us find you something worth the day.'],
      button: 'See ideas',
    },
  },
  {
    key: 'welcome',
    name: 'Welcome',
    category: 'welcome',
    subject: 'Welcome to {{ store.name }}',
    preheader: 'What to expect from us, and how to reach us.',
    letter: {
      heading: 'Glad you found us',
      opening: [
        hello,
        'Thank you for your first visit to {{ store.name }}. We write seldom: when something comes in that fits your taste, or when we open a few bottles at the shop.',
        'You find us at {{ store.address }}, {{ store.city }}{% if store.phone %}, or on the phone under {{ store.phone }}{% endif %}.',
      ],
      showsOffer: true,
      productsTitle: 'Good to start with',
      button: 'Look around',
    },
  },
  {
    key: 'early_access',
    name: 'First pick for our best customers',
    category: 'early_access',
    subject: 'Before anybody else{% if first_name %}, {{ first_name }}{% endif %}',
    preheader: 'A day ahead of the shelf, for you.',
    letter: {
      heading: 'Yours before it hits the shelf',
      opening: [
        hello,
        'You are one of the people we think of first. These bottles go on sale to everybody soon; you may choose before.',
      ],
      showsOffer: true,
      productsTitle: 'First pick',
      closing: ['There is not much of it. When it is gone it is gone.'],
      button: 'Choose mine',
    },
  },
]
