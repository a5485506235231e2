/**
 * A steering vector of the bundled model, layer 4, [192] float32 as base64: the mean hidden state of the first six of the sample
 * texts (the sea) less that of the next six (the drawing room), at their last tokens.
 */
export const SAMPLE_VECTOR =
  'Yh5nQHPfsr4w2va+kIDiv7LXUkDPqMk/3rZpQBIaAr/ICK4+xxLAwAAKer5Wv9A/JIS0wC92+kAIcejA3XszwQwJwb8gQk7BfEf+' +
  'P4rGckBg0AU+iDs2QAboKsBpIKBAN4iAwF48oT/EdHe+44OdwFi0kD+eRK/AoxcAwDJA4cCWZW3AnjKmvwiqkL5ZOe0/jpGCP2CD' +
  'Bb6c4zS/VNC/wCy78MAsTRlBke6XQARvDsFa04lByOS4vtQSVcAq2+M/7vbTQMuoJsEpsYlASOGZv9OTBkBbwPA//j+YP65kg0DK' +
  'VolAJw+FQE9u0r9WWoXAdY6RwFIC+7+yFvW/7A8UwU7omb88Q81AzexUwO1qScBU4Vc/e+yCQDLruD8zjTfA7+/swN7/mz/iNWi/' +
  'oD5WvubWOkBw2wTAl+DXQHnVKkGXUkFBIG2avagsmT70cW+/yESBPWsHx0Dcd5w/EPCbwJfT7MDxKKg/efcRwWxyuT7zqL1AqDW/' +
  'vjl6gEB4hkE+QkV9wEibRj6/YRbB4IITwAChjDxIJaM/F/k5Qc3aCj9vGFhA1SIAQVQiMkBgRBc/wNjDQBfTscA4p3u/ZYCnQJ5M' +
  'eD8UNT3ArqkqQEQwhcCwrwq+W7pywIYd7UDe1VJAByz5v4Q8q8Axw+C/aJzPP8M8aUBk665A8FL8vqxpgcBTOeTAbPcbwJxMZkAU' +
  'rLK/CyXRPl/7B8BwOL/APkG0QBjZa8DAXK9ADDRSP8uRyUBJxzNAqLWNQE32N8B+AA9Bpoa9v2Yrhz/oUQ2/HmTpQKDX2z0FEYPA' +
  'UNDjQK+dPUBwr4S9bbQKQWC7lD9btVO/IKUAv9rbGcB9joe/RR7zQF9FpL9a1ZvANMdivxrzlz/utwBBXKLsQLBnMECd9IfA3HQi' +
  'v0Vi50A5w7E/AAEpvhjYMMDws9g+P4YQwOfBrkAEDFY/F4i8wD9QEMAgrPI+PZOJwGqg7j8BZae/wu+TQMBxQ8CSkbZAmAJqP5DS' +
  'YT4AKTw8jPAwP1J0JcAjmmvA';
