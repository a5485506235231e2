/**
 * A steering vector of the bundled model, layer 4, [192] float32 as base64: the mean hidden state of the first six of the sample
 * texts (the sea) less that of the next six (the drawing room), at their last tokens.
 */
export const SAMPLE_VECTOR =
  'giuewHHkWsD22mjAloqfv6ulGEAPK+6/qXYuwAZ8tEDG3D2/wdGdPl4zXUB67Bc/rI0AwdLzPz8EV0i/qf8JwaMns79LjgnAca9y' +
  'QCTIur4E2UJA8+BYwduj7UCUPHS/Y/ERP57BIEBmpKe/9O7bPrNqoUAYZoW+S7a0P3MjIcAQKuu+cshDQGxhw79GwFo/nMorvwH7' +
  'xr8ATjo+sJPYwEudlT6wOy8/vvmQv45+b8AUCndApjGSv0NAwcDWk0pAT+FwQBXCicAgSV9ApgbkvupTL8CBc0rAANInPKlusD88' +
  '/ZO+jjPfPxT4kMDZndA+i16bv28oh8CMMQE/IjYOwXBexD9kpY8+vDEzwACRaL5J2eG/Kca9P8yw9T+Y4EA/uCqZwN3sR8Cx2vw/' +
  'ek2vvuM8LEBQYDvA0IPRQKz+qkClOAxBj2QrP0TtJ76iiyE/jD4XwLK8+j8JA4C/lLRoQIvLxcBvVVtAhcEGwKJb7b8yXahAMPwr' +
  'v94kWkD9THK/aMtwv8eSuL97/dLAsa84wGQfU8AihbU/NomVQHcGMUBk2QtAxjijQG9ng0Aw7Qq+gNzSQIhgaT6s4g9Ap9UwwFpM' +
  'TsDnTljAtlx1P8KTjMDYrRLAIU2SwLcPyUApFjFA47BBP8PVdL8wXym9dCIVwEhlfj+qqUlA/YaZvyt0LsC5cqbAPAy4PyBjjUC4' +
  'pGRAMggpPyEB5j+kEba/mKbHPgAdTL2auspAZBQpQPLcLkD0IgJBDmwfQOi7cL4oWAS/eqlJwPZvqb72SF/AOnRuQBQ1oL6AYAC/' +
  'd85VQMRaLb8Ar+49WLywQGycyD9Y5YFALis/P1Ca8D0UJUe/C85MQGC9GcC4Rtq9Rv0tv9FMWsCAX4k87F5WQAYPgsBQs2e/Da9F' +
  'v7twgUDPXwNArRoFwEDjCj6wHw2/uF3dvhB5MECCCbO+WoqGwAvUHMBO+oM/bEKEPw00AcDD7zzAEreIQNhL8b8aPqpAHo4VQFQF' +
  'jL9TERE/2JpOQP7HPL8vagk/';
