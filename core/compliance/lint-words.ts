import type { CopyTopic } from './policy.ts'

/** One net per topic: words that advertising codes (DISCUS, Beer Institute, Wine Institute) and state rules forbid or frown on. */
export interface Net {
  topic: CopyTopic
  /** read in lower case, without accents, look-alike letters and gaps inside words (lint.ts) */
  words: RegExp
  summary: string
  cure: string
}

/** Alternatives as one expression, each word whole. */
function net(topic: CopyTopic, summary: string, cure: string, ...alternatives: string[]): Net {
  return {
    topic,
    summary,
    cure,
    words: new RegExp(`(?<![\\p{L}\\p{N}])(?:${alternatives.join('|')})(?![\\p{L}\\p{N}])`, 'gu'),
  }
}

export const nets: readonly Net[] = [
  net(
    'appeal_to_minors',
    'may appeal to people under 21',
    'Speak to adults: leave out children, school, toys and sweets.',
    "kid(?:s|do|dos|z|s'|'s)?",
    'child(?:ren)?(?!\\s+(?:seat|proof))',
    'childhood|childish',
    'teens?|teenagers?|teenage|tweens?|toddlers?|bab(?:y|ies)(?!\\s+(?:back|carrots?))',
    'minors?|underage|under[- ]age|youngsters?|juniors?',
    'toys?|cartoons?|comics?|superhero(?:es)?|disney|pokemon|barbie|unicorns?|mermaids?|fairy ?tales?|video ?games?|lego',
    "santa(?: claus|'s helpers?|'s sack| is coming)|saint nick|st nick|easter bunny|tooth fairy|elf on the shelf",
    '(?<!old[- ])(?:high[- ])?school(?!\\s+(?:of|house))|back[- ]to[- ]school|homework|classroom|recess|prom(?: night)?',
    'college|campus|fraternity|sorority|frat|freshm[ae]n|dorm(?:s|itory)?|spring break|students?(?! of wine)|undergrads?',
    '(?:cotton |rock |gummy )?cand(?:y|ies)|gummy bears?|lollipops?|bubble ?gum|kool[- ]?aid|juice ?box(?:es)?',
    '(?:your|turn(?:s|ing)?|finally|just turned|celebrate) (?:18|19|20|eighteen|nineteen|twenty)(?:th|st)?(?: birthday)?',
    'first (?:legal )?drink|your first beer|ninos|para ninos|jovenes',
  ),
  net(
    'excessive_consumption',
    'encourages drinking too much',
    'Say what the bottle is like, not how much of it to drink.',
    'binge(?:s|d|ing)?|chug(?:s|ged|ging)?|guzzl(?:e|es|ed|ing)|down (?:it|them|one) (?:fast|in one)|bottoms up',
    'bottomless|all you can drink|endless (?:drinks|pours|mimosas|rounds|beers?)|unlimited (?:drinks|pours|refills|alcohol|booze|beers?|wine)',
    'drink (?:more|up|all (?:day|night)|till|until|til|like there)|keep (?:the )?(?:drinks|shots|rounds|beers) coming|one more (?:round|drink|shot)|never stop drinking',
    'shots? (?:all night|after shot)|shots! shots!|(?:round|shot) after (?:round|shot)|drinking (?:contest|game)s?|beer pong|keg stands?|flip cup|power hour|pub crawl',
    'hair of the dog|day ?drinking(?: all day)?|start (?:drinking )?early|drink before noon|breakfast of champions',
    'finish the (?:bottle|case|keg)|whole bottle (?:tonight|in one)|no limits?|go hard|double fisting|the more you drink',
    "(?:why|don't|dont|never) (?:stop at|settle for) (?:just )?one(?: (?:drink|glass|bottle))?|can't stop at one",
  ),
  net(
    'intoxication_goal',
    'makes getting drunk the point',
    'Praise taste, place or company instead of the effect.',
    'drunk(?:en|enness|s)?|get(?:ting)? (?:drunk|wasted|hammered|smashed|plastered|trashed|lit|buzzed|tipsy|loaded|sloshed|turnt|blitzed|messed up|crunk)',
    'wasted|(?<!copper[- ])hammered(?! copper)|smashed(?! potatoes)|plastered|trashed|sloshed|shitfaced|tipsy|turnt|boozy (?:night|weekend)|blackout(?! curtains?)|black(?:ed)? out|passed? out',
    '(?:strongest|hardest) (?:buzz|hit|kick)|buzz(?:ed|ing) (?:all )?night|catch a buzz|feel the buzz|get (?:you )?(?:a )?buzz|liquid therapy|drown (?:your|the) (?:sorrows?|troubles?|stress)|forget (?:your|the) (?:week|troubles?|problems?|worries)|numb the pain|escape reality',
    'need a drink|you deserve to get|more bang for your (?:proof|abv)|highest abv|knock(?:s)? you out|kicks like a mule|borrach[oa]s?|emborracha\\w*',
  ),
  net(
    'health_claims',
    'makes a claim about health',
    'Leave health and the body out of it.',
    '(?<!(?:to|drink to) (?:your|our|good) (?:good )?)health(?:y|ier|iest|ful)?(?! (?:competition|discount|selection|respect))|health benefits?|heart[- ]healthy|good for (?:you|your (?:heart|health|skin|gut|soul|digestion))',
    'antioxidants?|resveratrol|polyphenols?|probiotics?|vitamins?|electrolytes?|superfoods?|detox(?:es|ing)?|cleanse|immun(?:e|ity)(?: boost(?:er|ing)?)?',
    'cures?(?! (?:all )?meats?)|remed(?:y|ies)|medicinal|medicine|therapeutic|heal(?:s|ing)?|doctors? (?:recommend(?:s|ed)?|approved?)|doctor[- ]recommended|clinically proven|prescription|prescribed',
    'hangover[- ](?:free|proof)|no hangovers?|without (?:a |the )?hangover|guilt[- ]free|low[- ](?:cal|calorie|calories|carb|carbs|sugar)|zero (?:carbs?|calories|sugar)|sugar[- ]free|gluten[- ]free|keto(?:[- ]friendly)?|diet(?:[- ]friendly)?|skinny|slim(?:ming)?|lose weight|weight loss|burns? fat|fat[- ]burning|waistline',
    'energy boost|energi[sz]e[sd]?|energi[sz]ing|boosts? (?:your )?(?:energy|mood|metabolism)|helps? you (?:sleep|relax|digest)|sleep better|digestif aid|aids? digestion|lowers? (?:your )?(?:cholesterol|blood pressure)|reduces? stress|stress[- ]?relie(?:f|ver)s?|anti[- ]?aging|live longer|longevity|wellness',
  ),
  net(
    'drive_or_operate',
    'ties drinking to driving or machines',
    'Never put a drink near a wheel, a boat or a tool.',
    'road ?(?:soda|pop|beer|trip (?:beers?|drinks?))s?|one for the road|for the (?:drive|ride) home|drink(?:ing)? (?:and|while|&) (?:driv(?:e|ing)|boat(?:ing)?|rid(?:e|ing)|ski(?:ing)?)|behind the wheel|before you (?:drive|hit the road)|driv(?:e|ing) buzzed',
    'boat(?:ing)? (?:beers?|drinks?)|while (?:boating|driving|hunting|operating)|on the job|at (?:the )?wheel|dashboard (?:beer|drink)|car cooler|travell?er for the car|tailgate in the truck',
  ),
  net(
    'sexual_or_athletic_success',
    'promises social, sexual or sporting success',
    'Promise a good bottle, nothing else.',
    'get lucky|seduc\\w+|sexy|sexier|sexiest|hook ?ups?|hooking up|get (?:laid|her|him|them) (?:in the mood|drunk)?|get in the mood|panty ?\\w*|drop(?:s|ping)? (?:her|his|their) (?:guard|panties)|aphrodisiacs?|irresistible to (?:women|men)|one[- ]night stand',
    'more attractive|look(?:ing)? hotter|beer goggles|liquid (?:courage|confidence)|liquid panty remover|be (?:more )?popular|win(?:s|ning)? (?:her|him|them) over|impress (?:the ladies|her|him|your date)|makes? you (?:funnier|hotter|cooler|a (?:better|real) (?:man|lover|dancer|athlete))',
    'perform better|play better|win the game|score (?:tonight|big with)|athletic(?:ism)?|stamina|strength of|fuel(?:s)? (?:your|the) (?:workout|game|run)|post[- ]workout|recovery drink|champions? drink|real men|man up|be a man|loosen(?:s)? (?:her|him|them) up',
  ),
  net(
    'free_alcohol',
    'says “free”: giving alcohol away is forbidden in many states, and filters dislike it',
    'Name the price or the saving, or leave it out.',
    '(?<!(?:alcohol|gluten|sugar|hangover|guilt|care|toll|hands|hassle|stress|duty|cruelty|feel|for|smoke|risk)[- ])free(?![- ]?(?:deliver(?:y|ies)|shipping|parking|pick ?up|tastings?|entry|admission|of charge to enter|gift ?wrap(?:ping)?|wi-?fi|spirit(?:ed)?|range|standing|time|to (?:call|ask|stop|come|browse)))',
    'freebies?|bogo(?:f)?|b1g1|buy one,? get one|complimentary|on the house|on us|no charge|free of charge|at no (?:cost|extra cost)|costs? (?:you )?nothing|gratis|for a penny|giveaways?|giving away',
  ),
  net(
    'urgency',
    'presses people to buy alcohol in a hurry',
    'Give the last day of the offer; it says the same without pressing.',
    "hurry|act (?:now|fast)|last (?:chance|call)|final (?:hours?|call|chance)|don'?t (?:miss|wait|delay)|(?:ends|expires) (?:in )?(?:minutes|\\d+ (?:minutes?|hours?|mins?|hrs?))|before it'?s (?:gone|too late)|now or never|today only|tonight only|one day only|only today|running out|going fast|selling fast|almost gone|while (?:it|they) lasts?",
    'limited time(?: only)?|clock is ticking|countdown|rush (?:in|over)|stock up (?:now|today|before)|grab (?:it|them|yours) (?:now|before|fast)|buy now|order now|only \\d+ (?:left|hours?|minutes?)|\\d+ (?:hours?|minutes?) left|flash sale|urgent|immediately',
  ),
  net(
    'link_shortener',
    'uses a public link shortener: carriers filter such texts',
    'Leave the link out; the sender adds one of your own domain.',
    '(?:https?://)?(?:www\\.)?(?:bit\\.ly|tinyurl\\.com|t\\.co|goo\\.gl|ow\\.ly|is\\.gd|buff\\.ly|rebrand\\.ly|cutt\\.ly|shorturl\\.at)(?:/\\S*)?',
  ),
]
