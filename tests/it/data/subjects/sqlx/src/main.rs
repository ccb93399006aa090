//! Migrations by sqlx: `sqlx-worker DSN`, with the folder of the migrations in `MIGRATIONS`.

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let dsn = std::env::args().nth(1).expect("a DSN");
    let folder = std::env::var("MIGRATIONS").expect("a folder of migrations");
    let pool = sqlx::PgPool::connect(&dsn).await.expect("a connection");
    let migrator = sqlx::migrate::Migrator::new(std::path::Path::new(&folder)).await.expect("migrations");
    if let Err(error) = migrator.run(&pool).await {
        eprintln!("{error}");
        std::process::exit(1);
    }
}
