export default function Page() {
  return <p>its own page</p>
}
