/** Resource templates: an argument cannot step out of its place, and is never left out. */
import { expect, test } from 'vitest';
import { expandResource, isResourceTemplate } from './resource.ts';

test.each<[string, unknown, string | undefined]>([
  ['order/{id}', { id: 'A-1' }, 'order/A-1'],
  ['order/{id}', { id: 7 }, 'order/7'],
  ['order/{id}', { id: 'a/b' }, 'order/a%2Fb'],
  ['order/{id}', { id: 'a%2Fb' }, 'order/a%252Fb'],
  ['order/{id}', { id: '..' }, undefined],
  ['order/{id}', { id: '.' }, undefined],
  ['order/{id}', { id: '' }, undefined],
  ['order/{id}', { id: 'a\nb' }, undefined],
  ['order/{id}', { id: 7.5 }, undefined],
  ['order/{id}', { id: 2 ** 53 }, undefined],
  ['order/{id}', { id: true }, undefined],
  ['order/{id}', { id: null }, undefined],
  ['order/{id}', { id: ['a'] }, undefined],
  ['order/{id}', {}, undefined],
  ['order/{id}', null, undefined],
  ['order/{id}', 'text', undefined],
  ['order/{id}', ['a'], undefined],
  ['order/{constructor}', {}, undefined],
  ['order/{toString}', {}, undefined],
  ['order/{__proto__}', { id: 'x' }, undefined],
  ['order/{id}', { id: '{other}', other: 'x' }, 'order/{other}'],
  ['order/{id}', { id: '$&' }, 'order/$&'],
  ['file/{+path}', { path: 'a/./b//c' }, 'file/a/b/c'],
  ['file/{+path}', { path: 'a/../b' }, 'file/b'],
  ['file/{+path}', { path: '../b' }, undefined],
  ['file/{+path}', { path: 'a%2e%2e/b' }, undefined],
  ['file/{+path}', { path: 'a\\b' }, undefined],
  ['file/{+path}', { path: '/etc/passwd' }, 'file//etc/passwd'],
  ['all', {}, 'all'],
  ['order/{id}', { id: 'x'.repeat(2_000) }, undefined],
])('%s with %j is %s', (template, callArguments, expected) => {
  expect(expandResource(template, callArguments)).toBe(expected);
});

test.each<[unknown, boolean]>([
  ['order/{id}', true],
  ['a:b@c.d-e_f', true],
  ['file/{+path}', true],
  ['order/{id', false],
  ['order/}', false],
  ['order/{}', false],
  ['order/{a b}', false],
  ['order/{a.b}', false],
  ['order/{-a}', false],
  ['order/*', false],
  ['order/ x', false],
  ['', false],
  ['x'.repeat(1_025), false],
  [5, false],
])('whether %j is a template: %s', (value, expected) => {
  expect(isResourceTemplate(value)).toBe(expected);
});
