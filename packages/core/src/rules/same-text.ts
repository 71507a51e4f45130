/**
 * Compares texts in a time that depends only on their lengths. Otherwise, an attacker could guess a secret piece by
 * piece.
 */
export function sameText(a: string, b: string): boolean {
  let difference = a.length ^ b.length
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i)
  return difference === 0
}
