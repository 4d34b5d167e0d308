/** What a file can tell us, and the names shops give to it. The order is the order of the import wizard. */
export type ImportKind = 'customers' | 'orders' | 'products'
export const importKinds = ['customers', 'orders', 'products'] as const

export interface Column {
  field: string
  label: string
  /** other names, as words in lower case */
  synonyms: readonly string[]
}

const column = (field: string, label: string, ...synonyms: string[]): Column => ({ field, label, synonyms })

const customers = [
  column('external_id', 'Customer number', 'customer id', 'id', 'client id', 'member id', 'member number', 'customer no', 'loyalty id', 'loyalty number', 'household id', 'account number', 'account id', 'card number', 'user id', 'contact id'),
  column('email', 'E-mail', 'e mail', 'email address', 'mail', 'customer email', 'contact email', 'primary email'),
  column('phone', 'Phone', 'phone number', 'mobile', 'mobile number', 'mobile phone', 'cell', 'cell phone', 'telephone', 'tel', 'sms', 'customer phone', 'contact number'),
  column('name', 'Full name', 'customer name', 'full name', 'customer', 'client', 'client name', 'contact name', 'member name'),
  column('first_name', 'First name', 'firstname', 'given name', 'forename', 'fname'),
  column('last_name', 'Last name', 'lastname', 'surname', 'family name', 'lname'),
  column('birth_date', 'Date of birth', 'dob', 'birthday', 'birthdate', 'born', 'date birth'),
  column('age_verified', 'Age 21+ confirmed', 'age verified', 'is 21', 'over 21', '21 plus', 'of legal age', 'age check', 'legal drinking age'),
  column('address', 'Street address', 'street', 'address 1', 'address line 1', 'mailing address', 'street address'),
  column('city', 'City', 'town', 'locality'),
  column('state', 'State', 'region', 'province', 'state code', 'province code'),
  column('zip', 'ZIP', 'zip code', 'zipcode', 'postal code', 'postcode', 'post code'),
  column('store', 'Store', 'store id', 'store number', 'home store', 'location', 'shop', 'branch'),
  column('tags', 'Tags', 'labels', 'groups', 'lists', 'tag'),
  column('email_consent', 'May get e-mail', 'email consent', 'email opt in', 'email optin', 'accepts email marketing', 'accepts marketing', 'newsletter', 'marketing opt in', 'opt in', 'subscribed', 'email marketing', 'email subscribed', 'email permission'),
  column('sms_consent', 'May get SMS', 'sms consent', 'sms opt in', 'sms optin', 'text opt in', 'accepts sms marketing', 'sms marketing', 'text consent', 'sms subscribed', 'text messages', 'sms permission'),
  column('consent_source', 'Where consent was given', 'consent source', 'opt in source', 'optin source', 'signup source', 'subscription source', 'source'),
  column('consent_date', 'When consent was given', 'consent date', 'opt in date', 'optin date', 'opt in time', 'subscribed at', 'signup date', 'consent at', 'consented at', 'consent timestamp'),
  column('consent_text', 'Consent text version', 'consent version', 'consent text', 'text version', 'consent wording'),
] as const satisfies readonly Column[]

const products = [
  column('sku', 'Product number', 'product id', 'id', 'item id', 'item number', 'upc', 'barcode', 'ean', 'plu', 'item code', 'product code', 'code'),
  column('name', 'Name', 'product name', 'item name', 'product', 'item', 'title', 'description'),
  column('brand', 'Brand', 'producer', 'manufacturer', 'winery', 'brewery', 'distillery', 'vendor'),
  column('department', 'Department', 'dept', 'department name', 'beverage type', 'type'),
  column('category', 'Category', 'product category', 'subcategory', 'class', 'group', 'varietal', 'style', 'category name'),
  column('size_ml', 'Size', 'bottle size', 'volume', 'size ml', 'bottle volume', 'volume ml', 'pack size'),
  column('price', 'Price', 'retail price', 'unit price', 'selling price', 'regular price', 'list price', 'state bottle retail'),
  column('unit_cost', 'Cost', 'unit cost', 'cost price', 'wholesale price', 'purchase price', 'state bottle cost'),
  column('stock', 'In stock', 'quantity on hand', 'on hand', 'inventory', 'stock level', 'qty on hand', 'qoh', 'quantity'),
] as const satisfies readonly Column[]

const orders = [
  column('order_id', 'Order number', 'order id', 'basket id', 'transaction id', 'receipt number', 'receipt id', 'invoice number', 'invoice', 'ticket number', 'sale id', 'order no', 'order', 'transaction number', 'basket', 'order name'),
  column('ordered_at', 'Ordered at', 'timestamp', 'order date', 'date', 'purchase date', 'transaction date', 'transaction timestamp', 'date time', 'datetime', 'created at', 'sold at', 'sale date', 'time', 'purchased at'),
  column('customer_id', 'Customer number', 'household id', 'customer external id', 'client id', 'member id', 'loyalty id', 'customer no', 'customer number', 'master id', 'account number', 'user id', 'customer'),
  column('email', 'Customer e-mail', 'customer email', 'e mail', 'email address', 'mail'),
  column('phone', 'Customer phone', 'customer phone', 'phone number', 'mobile', 'telephone'),
  column('customer_name', 'Customer name', 'name', 'full name', 'client name', 'billing name'),
  column('store', 'Store', 'store id', 'store number', 'location', 'shop', 'branch', 'register location'),
  column('total', 'Order total', 'total', 'order amount', 'grand total', 'amount', 'order value', 'total amount', 'total paid', 'total price', 'dollars'),
  column('discount', 'Order discount', 'order discount', 'discount total', 'total discount', 'discount amount', 'discount'),
  column('coupon_code', 'Coupon code', 'coupon', 'promo code', 'discount code', 'voucher', 'promotion code'),
  column('sku', 'Product number', 'product id', 'item id', 'upc', 'barcode', 'item number', 'lineitem sku', 'product code', 'item code', 'plu', 'ean'),
  column('product_name', 'Product name', 'item name', 'product', 'item', 'lineitem name', 'description', 'product title'),
  column('brand', 'Brand', 'producer', 'manufacturer', 'vendor', 'lineitem vendor'),
  column('department', 'Department', 'dept', 'department name'),
  column('category', 'Category', 'product category', 'subcategory', 'class', 'category name'),
  column('quantity', 'Quantity', 'qty', 'units', 'bottles', 'lineitem quantity', 'bottles sold', 'items', 'count'),
  column('unit_price', 'Unit price', 'price', 'lineitem price', 'item price', 'price each', 'selling price'),
  column('line_total', 'Line total', 'sales value', 'line amount', 'item total', 'extended price', 'line price', 'net sales', 'net amount', 'subtotal', 'sale amount'),
  column('line_discount', 'Line discount', 'retail disc', 'retail discount', 'item discount', 'lineitem discount', 'loyalty discount', 'markdown'),
  column('coupon_discount', 'Coupon discount', 'coupon disc', 'coupon amount', 'coupon value', 'voucher amount'),
] as const satisfies readonly Column[]

export type CustomerField = (typeof customers)[number]['field']
export type ProductField = (typeof products)[number]['field']
export type OrderField = (typeof orders)[number]['field']

export const columnsOf: Record<ImportKind, readonly Column[]> = { customers, orders, products }

/** Field -> header of the file. */
export type Mapping = Record<string, string>
