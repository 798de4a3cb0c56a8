/** How large a made-up population is. */
export interface Size {
  companies: number
  users: number
  /** Live access tokens, each with a refresh token of its own. */
  tokens: number
}

/** One company of it: who has their home there, and who of the others is a member too. */
export interface Group {
  /** From 1. */
  company: number
  firstUser: number
  /** Those who have their home there: `firstUser` and the ones after. */
  homeUsers: number
  /** Users of companies before and after. */
  guests: readonly number[]
}

/** The percentage of a company's users who are members of a second company. */
const GUESTS = 20
/** The share of the n-th largest falls with n to this power: with 0.9 most are small, and a few hold thousands. */
const STEEPNESS = 0.9
/** Keeps the largest company from having nearly all users. */
const FLATNESS = 5

/**
 * Every company with its members, the largest first; the same for the same size. Users are numbered from 1, home by
 * home.
 */
export function* groups({ companies, users }: Size, random: () => number): Generator<Group> {
  const weight = (rank: number) => (rank + FLATNESS) ** -STEEPNESS
  let rest = 0
  for (let rank = 0; rank < companies; rank++) rest += weight(rank)
  let left = users
  let firstUser = 1
  for (let rank = 0; rank < companies; rank++) {
    const own = weight(rank)
    // Every company has a user while there are users left.
    const share = Math.max(1, Math.round((left * own) / rest))
    const homeUsers = Math.min(share, Math.max(left - (companies - rank - 1), 0))
    rest -= own
    left -= homeUsers
    yield { company: rank + 1, firstUser, homeUsers, guests: chooseGuests({ firstUser, homeUsers, users }, random) }
    firstUser += homeUsers
  }
}

function chooseGuests(
  { firstUser, homeUsers, users }: { firstUser: number; homeUsers: number; users: number },
  random: () => number,
): number[] {
  const wanted = Math.min(Math.round((homeUsers * GUESTS) / 100 + random() - 0.5), users - homeUsers)
  const guests = new Set<number>()
  while (guests.size < wanted) {
    const user = 1 + Math.floor(random() * users)
    if (user < firstUser || user >= firstUser + homeUsers) guests.add(user)
  }
  return [...guests]
}

/** Numbers from 0 up to 1, the same for the same seed (the generator of Park and Miller). */
export function seededRandom(seed: number): () => number {
  const modulus = 2147483647
  let state = (seed % (modulus - 1)) + 1
  return () => {
    state = (state * 48271) % modulus
    return (state - 1) / (modulus - 1)
  }
}
