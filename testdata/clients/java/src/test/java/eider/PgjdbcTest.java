package eider;

import static org.junit.jupiter.api.Assertions.*;

import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.sql.*;
import java.time.*;
import java.util.*;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;

/** pgjdbc: extended protocol, fetch size, batches, COPY, DatabaseMetaData. PGHOST, PGPORT, PGUSER, PGDATABASE say where. */
class PgjdbcTest {
  private static String env(String name, String otherwise) {
    return System.getenv().getOrDefault(name, otherwise);
  }

  private static Connection connect(String... options) throws SQLException {
    Properties p = new Properties();
    p.setProperty("user", env("PGUSER", "postgres"));
    for (int i = 0; i < options.length; i += 2) p.setProperty(options[i], options[i + 1]);
    return DriverManager.getConnection(
        "jdbc:postgresql://" + env("PGHOST", "127.0.0.1") + ":" + System.getenv("PGPORT") + "/" + env("PGDATABASE", "postgres"), p);
  }

  private static List<String> column(ResultSet rs, String name) throws SQLException {
    List<String> out = new ArrayList<>();
    while (rs.next()) out.add(rs.getString(name));
    rs.close();
    return out;
  }

  @Test
  void product() throws SQLException {
    try (Connection c = connect()) {
      DatabaseMetaData m = c.getMetaData();
      assertEquals("PostgreSQL", m.getDatabaseProductName());
      assertTrue(m.getDatabaseProductVersion().startsWith("15"));
      assertEquals(15, m.getDatabaseMajorVersion());
      assertTrue(m.supportsTransactions());
      assertTrue(c.isValid(5));
    }
  }

  @Test
  void typesTextAndBinary() throws SQLException {
    // prepareThreshold -1 asks for binary results from the first execution, 0 never prepares on the server
    for (String threshold : new String[] {"-1", "0", "1"}) {
      try (Connection c = connect("prepareThreshold", threshold);
          PreparedStatement s =
              c.prepareStatement(
                  "SELECT ?::boolean, ?::int, ?::bigint, ?::double precision, ?::numeric(20,4), ?::text, ?::bytea, ?::date, ?::timestamp,"
                      + " ?::timestamptz, ?::uuid, ?::int[], ?::int")) {
        UUID u = UUID.randomUUID();
        for (int round = 0; round < 3; round++) {
          s.setBoolean(1, true);
          s.setInt(2, -round);
          s.setLong(3, Long.MIN_VALUE);
          s.setDouble(4, 0.1);
          s.setBigDecimal(5, new BigDecimal("1234567890123.4567"));
          s.setString(6, "ünï");
          s.setBytes(7, new byte[] {0, -1});
          s.setObject(8, LocalDate.of(2024, 2, 29));
          s.setObject(9, LocalDateTime.of(2024, 2, 29, 1, 2, 3, 4000));
          s.setObject(10, OffsetDateTime.of(2024, 7, 1, 12, 0, 0, 0, ZoneOffset.ofHours(2)));
          s.setObject(11, u);
          s.setArray(12, c.createArrayOf("int4", new Integer[] {1, null, 3}));
          s.setNull(13, Types.INTEGER);
          try (ResultSet r = s.executeQuery()) {
            assertTrue(r.next());
            assertTrue(r.getBoolean(1));
            assertEquals(-round, r.getInt(2));
            assertEquals(Long.MIN_VALUE, r.getLong(3));
            assertEquals(0.1, r.getDouble(4));
            assertEquals(new BigDecimal("1234567890123.4567"), r.getBigDecimal(5));
            assertEquals("ünï", r.getString(6));
            assertArrayEquals(new byte[] {0, -1}, r.getBytes(7));
            assertEquals(LocalDate.of(2024, 2, 29), r.getObject(8, LocalDate.class));
            assertEquals(LocalDateTime.of(2024, 2, 29, 1, 2, 3, 4000), r.getObject(9, LocalDateTime.class));
            assertEquals(Instant.parse("2024-07-01T10:00:00Z"), r.getObject(10, OffsetDateTime.class).toInstant());
            assertEquals(u, r.getObject(11, UUID.class));
            assertArrayEquals(new Integer[] {1, null, 3}, (Integer[]) r.getArray(12).getArray());
            assertEquals(0, r.getInt(13));
            assertTrue(r.wasNull());
            ResultSetMetaData m = r.getMetaData();
            assertEquals(Types.BIT, m.getColumnType(1));
            assertEquals(Types.NUMERIC, m.getColumnType(5));
            assertEquals(20, m.getPrecision(5));
            assertEquals(4, m.getScale(5));
          }
        }
      }
    }
  }

  @Test
  void fetchSizeBatchesAndKeys() throws SQLException {
    try (Connection c = connect()) {
      c.setAutoCommit(false);
      try (Statement s = c.createStatement()) {
        s.execute("CREATE TABLE jdbc_batch (i integer PRIMARY KEY, t text)");
        try (PreparedStatement p = c.prepareStatement("INSERT INTO jdbc_batch VALUES (?, ?)")) {
          for (int i = 0; i < 3000; i++) {
            p.setInt(1, i);
            p.setString(2, i % 5 == 0 ? null : "n" + i);
            p.addBatch();
          }
          int[] counts = p.executeBatch();
          assertEquals(3000, counts.length);
          assertEquals(1, counts[2999]);
        }
        s.setFetchSize(100);
        int n = 0;
        try (ResultSet r = s.executeQuery("SELECT i FROM jdbc_batch ORDER BY i")) {
          while (r.next()) assertEquals(n++, r.getInt(1));
        }
        assertEquals(3000, n);
        // two suspended portals at the same time
        try (Statement s2 = c.createStatement()) {
          s2.setFetchSize(50);
          ResultSet a = s.executeQuery("SELECT i FROM jdbc_batch ORDER BY i");
          ResultSet b = s2.executeQuery("SELECT i FROM jdbc_batch ORDER BY i DESC");
          for (int i = 0; i < 500; i++) {
            assertTrue(a.next());
            assertTrue(b.next());
            assertEquals(2999, a.getInt(1) + b.getInt(1));
          }
        }
        s.setMaxRows(7);
        assertEquals(7, column(s.executeQuery("SELECT i FROM jdbc_batch"), "i").size());
        assertEquals(3000, s.executeUpdate("UPDATE jdbc_batch SET t = 'x'"));
      }
      c.rollback();
      try (Statement s = c.createStatement()) {
        assertThrows(SQLException.class, () -> s.executeQuery("SELECT * FROM jdbc_batch"));
      }
      c.rollback();
    }
  }

  @Test
  void savepointsAndErrors() throws SQLException {
    try (Connection c = connect()) {
      c.setAutoCommit(false);
      Savepoint p = c.setSavepoint("one");
      c.releaseSavepoint(p);
      SQLException e = assertThrows(SQLException.class, () -> c.createStatement().executeQuery("SELECT * FROM missing_jdbc"));
      assertEquals("42P01", e.getSQLState());
      e = assertThrows(SQLException.class, () -> c.createStatement().executeQuery("SELECT 1"));
      assertEquals("25P02", e.getSQLState());
      c.rollback();
      c.setReadOnly(true);
      e = assertThrows(SQLException.class, () -> c.createStatement().execute("CREATE TABLE never_jdbc (i int)"));
      assertEquals("25006", e.getSQLState());
      c.rollback();
    }
  }

  @Test
  void copy() throws Exception {
    try (Connection c = connect(); Statement s = c.createStatement()) {
      s.execute("CREATE TEMP TABLE jdbc_copy (i integer, t text)");
      var api = c.unwrap(PGConnection.class).getCopyAPI();
      assertEquals(2, api.copyIn("COPY jdbc_copy FROM STDIN (FORMAT csv)", new StringReader("1,a\n2,\n")));
      StringWriter w = new StringWriter();
      assertEquals(2, api.copyOut("COPY (SELECT * FROM jdbc_copy ORDER BY i) TO STDOUT", w));
      assertEquals("1\ta\n2\t\\N\n", w.toString());
    }
  }

  @Test
  void cancel() throws Exception {
    try (Connection c = connect(); Statement s = c.createStatement()) {
      s.setQueryTimeout(1);
      SQLException e =
          assertThrows(
              SQLException.class,
              () -> s.executeQuery("SELECT count(*) FROM generate_series(1, 3000000) a(i), generate_series(1, 3000000) b(j) WHERE i + j = 7"));
      assertEquals("57014", e.getSQLState());
      s.setQueryTimeout(0);
      assertTrue(s.executeQuery("SELECT 1").next());
    }
  }

  @Test
  void metadata() throws SQLException {
    try (Connection c = connect(); Statement s = c.createStatement()) {
      s.execute("DROP SCHEMA IF EXISTS jdbc_meta CASCADE");
      s.execute("CREATE SCHEMA jdbc_meta");
      s.execute("CREATE TABLE jdbc_meta.parent (id integer PRIMARY KEY, code varchar(10) NOT NULL UNIQUE, amount numeric(10,2) DEFAULT 0)");
      s.execute("CREATE TABLE jdbc_meta.child (id bigint, parent_id integer NOT NULL REFERENCES jdbc_meta.parent (id), ts timestamp, PRIMARY KEY (id, parent_id))");
      s.execute("CREATE INDEX child_at ON jdbc_meta.child (ts)");
      s.execute("CREATE VIEW jdbc_meta.v AS SELECT id, code FROM jdbc_meta.parent");
      s.execute("COMMENT ON TABLE jdbc_meta.parent IS 'the parents'");
      DatabaseMetaData m = c.getMetaData();
      assertTrue(column(m.getSchemas(), "TABLE_SCHEM").containsAll(List.of("jdbc_meta", "public", "pg_catalog", "information_schema")));
      assertTrue(column(m.getCatalogs(), "TABLE_CAT").contains(c.getCatalog()));
      assertTrue(column(m.getTableTypes(), "TABLE_TYPE").containsAll(List.of("TABLE", "VIEW")));
      assertEquals(List.of("child", "parent", "v"), sorted(column(m.getTables(null, "jdbc_meta", "%", new String[] {"TABLE", "VIEW"}), "TABLE_NAME")));
      assertEquals(List.of("child", "parent"), sorted(column(m.getTables(c.getCatalog(), "jdbc_meta", "%", new String[] {"TABLE"}), "TABLE_NAME")));
      assertEquals(List.of("the parents"), column(m.getTables(null, "jdbc_meta", "parent", null), "REMARKS"));
      try (ResultSet r = m.getColumns(null, "jdbc_meta", "parent", "%")) {
        List<String> got = new ArrayList<>();
        while (r.next()) got.add(r.getString("COLUMN_NAME") + " " + r.getInt("DATA_TYPE") + " " + r.getString("IS_NULLABLE") + " " + r.getInt("ORDINAL_POSITION"));
        assertEquals(List.of("id 4 NO 1", "code 12 NO 2", "amount 2 YES 3"), got);
      }
      try (ResultSet r = m.getColumns(null, "jdbc_meta", "parent", "amount")) {
        assertTrue(r.next());
        assertEquals(10, r.getInt("COLUMN_SIZE"));
        assertEquals(2, r.getInt("DECIMAL_DIGITS"));
        assertNotNull(r.getString("COLUMN_DEF"));
      }
      assertEquals(List.of("id", "parent_id"), sorted(column(m.getPrimaryKeys(null, "jdbc_meta", "child"), "COLUMN_NAME")));
      try (ResultSet r = m.getImportedKeys(null, "jdbc_meta", "child")) {
        assertTrue(r.next());
        assertEquals("parent", r.getString("PKTABLE_NAME"));
        assertEquals("id", r.getString("PKCOLUMN_NAME"));
        assertEquals("parent_id", r.getString("FKCOLUMN_NAME"));
        assertFalse(r.next());
      }
      assertEquals(List.of("child"), column(m.getExportedKeys(null, "jdbc_meta", "parent"), "FKTABLE_NAME"));
      assertTrue(column(m.getIndexInfo(null, "jdbc_meta", "child", false, true), "INDEX_NAME").contains("child_at"));
      assertTrue(column(m.getTypeInfo(), "TYPE_NAME").containsAll(List.of("int4", "text", "timestamptz", "numeric", "uuid")));
      assertEquals(List.of("id", "parent_id"), sorted(column(m.getBestRowIdentifier(null, "jdbc_meta", "child", DatabaseMetaData.bestRowSession, true), "COLUMN_NAME")));
      // each of these must answer; what is in them differs by server
      m.getCrossReference(null, "jdbc_meta", "parent", null, "jdbc_meta", "child").close();
      m.getTablePrivileges(null, "jdbc_meta", "%").close();
      m.getColumnPrivileges(null, "jdbc_meta", "parent", "%").close();
      m.getProcedures(null, null, "%").close();
      m.getProcedureColumns(null, null, "no_such%", "%").close();
      m.getFunctions(null, null, "no_such%").close();
      m.getFunctionColumns(null, null, "no_such%", "%").close();
      m.getUDTs(null, "jdbc_meta", "%", null).close();
      m.getVersionColumns(null, "jdbc_meta", "parent").close();
      m.getClientInfoProperties().close();
      assertFalse(m.getSQLKeywords().isEmpty());
      assertTrue(m.getMaxColumnNameLength() >= 63);
      assertNotNull(m.getNumericFunctions());
      assertEquals("jdbc_meta", tableSchema(c));
      s.execute("DROP SCHEMA jdbc_meta CASCADE");
    }
  }

  private static String tableSchema(Connection c) throws SQLException {
    c.setSchema("jdbc_meta");
    String got = c.getSchema();
    c.setSchema("public");
    return got;
  }

  private static List<String> sorted(List<String> l) {
    Collections.sort(l);
    return l;
  }
}
