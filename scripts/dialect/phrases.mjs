/**
 * Phrases to avoid in prose: a name, an expression, and what to write instead. The expressions run on one line at a
 * time and ignore case.
 */
export const PHRASES = [
  [
    'pronoun actor',
    /\b(?:nobody|somebody|anybody|everybody|whoever|whomever|whichever|no one|someone else)(?:'s)?\b/g,
    'name the actor: the user, another process, the caller',
  ],
  ['told/tells', /\b(?:told|tells)\b/g, 'report, notify, return, indicate'],
  ['says/said', /\b(?:said|says|saying)\b/g, 'specifies, states, returns; or quote the value'],
  ['answers', /\b(?:answers|answered|answering|unanswered)\b/g, 'returns, responds with'],
  [
    'by itself',
    /\bby (?:itself|themselves|himself|herself|yourself|oneself)\b|\bof (?:its|their|his|her|our|your|one's) own\b/g,
    'automatically; its own X; your X',
  ],
  ['beside', /\bbesides?\b/g, 'in addition to, next to, in the background, in parallel'],
  ['alone = only', /\balone\b/g, 'only (before the noun)'],
  [
    'but = except',
    /\b(?:all|nothing|anything|everything|any|none|every|no [a-z]+|something|one) but\b|\bbut (?:for|in the)\b|\bis nothing but\b/g,
    'except, other than',
  ],
  [
    'goes/comes along',
    /\b(?:go|goes|going|went|come|comes|came|coming|bring|brings|send|sends|take|takes) (?:[a-z]+ ){0,2}along\b/g,
    'is sent, is included, attaches',
  ],
  ['goes on', /\b(?:go|goes|going|went) on\b/g, 'continues, keeps working'],
  ['under way', /\bunder ?way\b|\bon (?:its|their|the) way\b|\bin flight\b(?! of)/g, 'in progress, pending'],
  [
    'archaic adverb',
    /\b(?:anew|meanwhile|thereof|hereby|whereof|hence|thence|hitherto|lest|nowhere|now and then|in vain|at leisure|for want of|ever so|once more|beforehand|at once|wherever|seldom|lately|gone by)\b/g,
    'again, immediately, anywhere, rarely, recently',
  ],
  ['any more', /\b(?:any|no) more\b(?! than)/g, 'no longer'],
  ['mend, set-up', /\bmend(?:s|ed|ing)?\b|\bset-up\b/g, 'fix; setup (noun), set up (verb)'],
  [
    'to be had',
    /\b(?:can|cannot|could|may|to) (?:not )?be had\b|\bhas it\b|\bto be (?:thought|told|had)\b/g,
    'is available, can be fetched',
  ],
  ['is to (be)', /\b(?:is|are|was|were) to (?:be|go|follow|last)\b/g, 'must be, is'],
  ['has to be', /\b(?:has|have|had) to (?:be|prove|match|sign|change)\b/g, 'must'],
  [
    'is no X',
    /\b(?:is|are|was|were|be|been) no (?!longer|need|different|guarantee|way|limit|default|reason|point|access|such thing)[a-z]+/g,
    'is not a X, is not',
  ],
  [
    'headless "what"',
    /(?:^|[.;:|(] |^[|] )what(?:ever)? (?!is\b.*\?|are\b.*\?|does|do\b|did|if|about|happens|you['’]ll|you will|(?:[a-z]+ )?(?:is|are|changed|next)\b$)[^?]*$/g,
    'name the thing: "The options that …", "Headers that …"',
  ],
  [
    '"what" as noun',
    /(?<=[a-z,] )what (?:is|was|has|had|had been|came|comes|cannot|does not|did not|a (?!.*\?)|an (?!.*\?)|the [a-z]+ (?:has|have|holds?|keeps?|says?|knows?)|somebody|nobody|they|it|others|belongs|now|concerns|follows)\b/g,
    'the X that …',
  ],
  [
    'inverted "of"',
    /(?:^|[.;:] |^[|] )of (?:a|an|the|several|these|those|what|all|each|which|this|its?|one|any|our|such|whom|us) /g,
    'put the noun first',
  ],
  [
    'as it came',
    /\bas (?:it|they|that|these) (?:came|comes?|stands?|stood|says?|were|was)\b|\bas the [a-z]+ (?:says?|has|have|tells?)\b|\bas far as\b/g,
    'unchanged; from the X; where known',
  ],
  [
    ', for = because',
    /[a-z`)], for (?:it|they|there|then|nothing|no|only|such|all|another|that|this|the [a-z]+ (?:has|is|may|that|takes|does)|[a-z]+s (?:drop|shorten|share|take|show|read|have|do))\b/g,
    'because',
  ],
  ['made of it', /\b(?:made|makes|make|making|becomes|become|came) of\b/g, 'produces, results in'],
  [
    'tell apart',
    /\b(?:tell|tells|told|keep|kept|keeps|take|taken|set) (?:[a-z]+ )?apart\b/g,
    'distinguish, store separately',
  ],
  [
    'gives back/up',
    /\b(?:give|gives|given|gave|giving) (?:it |them |[a-z]+ ){0,3}(?:back|up|out)\b/g,
    'release, return, revoke',
  ],
  [
    'good for',
    /\b(?:is|are|be|was|were|been|still) good(?: for)?\b(?! idea| to| practice| way| choice| reason| place| candidate| fit| thing| at| enough)/g,
    'valid for',
  ],
  ['stands', /\b(?:stands?|stood)\b(?! for| out| alone)/g, 'is; applies'],
  ['lies', /\b(?:lies|lie|lay)\b/g, 'is in, is under'],
  ['trouble', /\btroubles?\b/g, 'failure, error, outage'],
  ['leads', /\bleads? (?:on|out|here|elsewhere|somewhere|browsers?|back)\b/g, 'redirects to, points to'],
  [
    'person for party',
    /\bthe one (?:who|that)\b|\b(?:those|these|he|she|anyone|someone) who\b|\bfor (?:whom|those)\b|\bwhom\b/g,
    'name the party',
  ],
  ['counts as', /\bcounts? (?:as|for|when|from|it|them|the)\b/g, 'is treated as, is valid when'],
  [
    'a quarter of an hour',
    /\b(?:a|half a|half an|three) (?:quarter of an hour|hour|quarters)\b/g,
    'a number and a unit: 15 minutes',
  ],
  [
    'odd idiom',
    /\b(?:true to|that is the loop|keeps? its hands|and their kin|shows? up|pays? the same|is yours|are yours|its? to (?:delete|follow|choose)|in the place of|to the byte|let(?:s|ting)? (?:it|this|one|them)[a-z ]* go|in hand|at hand|far behind|wild guess|garbage|looks? after|look(?:s|ed)? (?:once|again|at whoever))\b/g,
    'say it literally',
  ],
]
