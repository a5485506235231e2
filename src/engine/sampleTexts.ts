/**
 * Ordinary text of several kinds, on which a layer's typical norm is measured where the person gives no texts of their own. Written
 * for this program; changing it changes what "typical" means.
 */
export const SAMPLE_TEXTS: readonly string[] = [
  'The train was late again, so we sat on the cold bench and talked about the summer that had just ended.',
  'In 1969 two people walked on the Moon while a third circled above them and listened to the radio.',
  'She opened the letter, read it twice, and put it back into the drawer without a word.',
  'Water boils at a lower temperature on a mountain because the air presses less upon it.',
  '“You cannot mean that,” said the old man; “nobody has lived in that house for thirty years.”',
  'To make the dough, mix flour, salt and warm water, and let it rest for an hour under a cloth.',
  'The committee will meet on Tuesday at nine to discuss the budget and the repair of the bridge.',
  'for i in range(10):\n    print(i * i)',
];
