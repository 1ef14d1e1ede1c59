import type { SigningKey } from '../../src/oauth/model/token-stores.ts';

/** Made once for the tests and worth nothing elsewhere: to make one takes a tenth of a second, or ten times as long. */
const privateJwk = {
  kty: 'RSA',
  n: [
    'nHCRzvjHaJyV4P_ATmf9J6cRNIQZxvyh6miktWGs2eD6GmcUsMrXIByMSuaKHc9zxJJV5wL-a2wOjSvZGRgmpDjjgcsF_idg0JYt',
    'MN1cqSQtaMDeBZv1-r-7CGG1ncQd015yxqY9iQ1wEXvMUF8MhkJTbVNFTHm90-_J-k2gEHRnAXGaxO0zBnVjDF0l6qJ2tItPT55K',
    '6DlZfQAmwya_Gxd0PnyAJpS3ADeOUFCPAbNHqZ-wO6wpkdby_CwQQ_AoXp7UKXZbkRTCmGXI0QxonPJ99_UxvGHhPQLBowXgq4GX',
    'eKXSRkmoSNFBqt3uf_xvoqZKaFT3a6GyjdnP1qN9Ow',
  ].join(''),
  e: 'AQAB',
  d: [
    'JAWNpXVGYVGw90KcktFCCwfen9ONJfMVC2c2CefoR7EUldDHhF_ogiXgrfyAsBWNKCWz7wIS-ERE43_FuRAFEcphpIjNo_SIR-9U',
    'j4xhIjdI13aViQAc9zR_yhHJon6-iWWVkyVDRRQZioURii4gsaeDE0jZy566tZrgzKhkI3V1zMM2fZH4e4qo6nRDgcAkCDPK8tyR',
    'bbixAJbz1RRipx7TzKLvgsA8lnPE31LghO67aEIu62JPjEKEofl8CT7G_8STdWBlU6jalIRt1Wn8T5QoaGsFfN5OiBWgL2wRqzni',
    'AGAkbBuF769jKaziuqH2j2g-IgHTwBb7OLunexs7lQ',
  ].join(''),
  p: [
    '1RStojJmUeVaR6Pr3PShbzfa0fABKasUaotN-luJnm7cHcsDCR0Xt1GasMW1OL1JhXkZ2nxq7gtD_B0QY6XOj2hQXWOHhGQwHQ4y',
    'aIA3301KvmuF2IOY2Vt4XVUGVf7Vyhi3K4NXmrLE4iWOID_E4QoQ544GlF1Ic2w4tByji60',
  ].join(''),
  q: [
    'u_M-498ArqszlCzNKhXtqOE25Twh9Jv7MoZyx3VCBE7v1uFJ-rgqZvl-5HYXuwEruQdqrjgWdUm40nDWi2XN7ORu7gh6XC7iJhj9',
    'OonzvzSoNwkSrrt5LnOEDz6qqMF1wjDcv77mhD97gB3aon_jqkrflDKdV803-5fBA7niyYc',
  ].join(''),
  dp: [
    'zA_IlZvkx6t5QUCoAmw5KlT4d7N8uZYAsGSGoiwF6LfMj6-7UYAOFV7OYVqGSjdk8LFgZBBhK2WYjxqadoP1BPvmcvl9b_mu5jSR',
    'a-jXGUBhQ2mfvhGRUR-7bs6dib_KqIfw63gWbq2jxdwnd5T6jHXiaI9ol6-aUgejakI_EeU',
  ].join(''),
  dq: [
    'XZ44AUEfEeHs-y2ltATgMHKd6WkecL0RToVxvrBFhefbx2jIdL4vQMOd1SaNg3R91tg-5zDA3wMtsITMGPtIq2rNZnuKl0gzFU71',
    'M6drZh5Qe7llOOvg3KZlbUKFtzFF-shj7I6mO9FzLsmwEakqObS50RO1E_sAm61nUvfQYxk',
  ].join(''),
  qi: [
    'Xf2SU8rcKgIAB6NO7GaTmHxUDzTxk-UTcx8MiB8ynwxcC1RF1u_O9e2b7IyYZ3FUpS7FyLIbwJJ_M3Po_deqzF8IOSWkQZ6IxzaI',
    '9P8liFEXAW1KiC3k-8XhAHF_2owix9oh1teDn_ISGVYxzbv_b5GYuYiBGhXcpbQIlAAQvP0',
  ].join(''),
};

/** A key as `SigningKeys` makes it. */
export const signingKeyOf = (createdAt: number): SigningKey => ({
  id: '9xRRlfuVfc4H_x0wxPeZGYtrf2xnieb0rhZot83-AAE',
  privateJwk: JSON.stringify(privateJwk),
  createdAt,
});
