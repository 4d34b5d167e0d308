/** How a till writes its sales: a title, currency signs, dates and phones as each cashier liked, 3 % of rows broken. */
export function tillExport(rows: number): { csv: string; bad: { phones: number; dates: number } } {
  const two = (n: number): string => String(n).padStart(2, '0')
  const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
  const items = [
    ['Old Harbor Bourbon 750ml', 'Bourbon', 4299],
    ['Casa Verde Reposado', 'Tequila', 3850],
    ['Mesa Roja Rioja', 'Red Wine', 1499],
    ['Lighthouse Lager 12pk', 'Beer', 1799],
  ] as const
  const bad = { phones: 0, dates: 0 }
  const lines = [
    'Harbor Street Wine & Spirits;;;;;;;;',
    'Sales by receipt, printed 11/20/2026 6:02 PM;;;;;;;;',
    '',
    'Receipt No;Sold at;Loyalty No;Customer;Cell;Item;Category;Qty;Amount',
  ]
  for (let i = 0; i < rows; i++) {
    const person = i % 900
    const month = i % 10
    const day = 1 + (i % 28)
    const time = `${10 + (i % 11)}:${two(i % 60)}`
    const dates = [
      `${month + 1}/${day}/2026 ${time}`,
      `2026-${two(month + 1)}-${two(day)} ${time}`,
      `${months[month]} ${day}, 2026`,
      `${day}-${months[month]}-2026`,
    ]
    const end = two(person % 100)
    const middle = 201 + Math.floor(person / 100)
    const phones = [
      `(217) ${middle}-01${end}`,
      `217-${middle}-01${end}`,
      `217.${middle}.01${end}`,
      `+1 217 ${middle} 01${end}`,
      `217${middle}01${end}`,
    ]
    const [item, category, cents] = items[i % items.length]!
    const quantity = 1 + (i % 3)
    let sold = dates[i % dates.length]!
    let phone = phones[i % phones.length]!
    if (i % 67 === 5) {
      phone = i % 2 === 0 ? 'no phone' : 'ask again'
      bad.phones++
    } else if (i % 67 === 6) {
      sold = '31/31/2026'
      bad.dates++
    }
    const amount = ((cents * quantity) / 100).toLocaleString('en-US', { minimumFractionDigits: 2 })
    lines.push(`R${1000 + i};${sold};L${person};Guest ${person};${phone};${item};${category};${quantity};$${amount}`)
  }
  lines.push('TOTAL;;;;;;;;')
  return { csv: lines.join('\r\n') + '\r\n', bad }
}
