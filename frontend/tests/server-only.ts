// Next.js gives this module its meaning at build time; tests need none.
