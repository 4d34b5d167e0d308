/** Texts of one segment for usual names; brand, age note and STOP line are added by the sender. */
export const starterTexts = [
  {
    key: 'win_back',
    name: 'We have not seen you',
    category: 'win_back',
    body: '{% if first_name %}{{ first_name }}, it{% else %}It{% endif %} has been a while. {{ offer.title }}{% if offer.ends %} until {{ offer.ends }}{% endif %}.',
  },
  {
    key: 'replenishment',
    name: 'Running low?',
    category: 'replenishment',
    body: 'Running low{% if products.size > 0 %} on {{ products[0].name }}{% endif %}? We have it here.{% if offer.title %} {{ offer.title }}.{% endif %}',
  },
  {
    key: 'tasting_event',
    name: 'Tasting invitation',
    category: 'tasting_event',
    body: 'You are invited{% if first_name %}, {{ first_name }}{% endif %}: {{ offer.title }}{% if offer.ends %}, {{ offer.ends }}{% endif %}. Please bring ID.',
  },
  {
    key: 'new_arrivals',
    name: 'Just in',
    category: 'new_arrivals',
    body: 'Just in{% if products.size > 0 %}: {{ products[0].name }}{% endif %}. {% if offer.title %}{{ offer.title }}.{% endif %}',
  },
] as const
