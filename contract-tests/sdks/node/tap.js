// Prints checks in the Test Anything Protocol and counts them.
let checks = 0;
let failed = 0;

export async function check(name, holds) {
  checks += 1;
  try {
    await holds();
    console.log(`ok ${checks} - ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`not ok ${checks} - ${name}\n# ${String(error).replaceAll('\n', '\n# ')}`);
  }
}

// Prints the plan and returns the exit code.
export function end() {
  console.log(`1..${checks}`);
  return failed === 0 ? 0 : 1;
}
