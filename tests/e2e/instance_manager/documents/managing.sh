# Получение списка экземпляров
curl http://localhost:3000/api/v1/instances

# Получение информации об экземпляре
curl http://localhost:3000/api/v1/instances/{INSTANCE_ID}

# Получение данных из памяти
curl http://localhost:3000/api/v1/instances/{INSTANCE_ID}/memory

# Получение истории статусов
curl http://localhost:3000/api/v1/instances/{INSTANCE_ID}/status-history?limit=50

# Получение истории QR кодов (для WhatsApp)
curl http://localhost:3000/api/v1/instances/{INSTANCE_ID}/qr-history?limit=20

# Получение истории API ключей
curl http://localhost:3000/api/v1/instances/{INSTANCE_ID}/api-key-history?limit=20

# Получение текущего QR кода
curl http://localhost:3000/api/v1/instances/{INSTANCE_ID}/current-qr

# Получение текущего API ключа
curl http://localhost:3000/api/v1/instances/{INSTANCE_ID}/current-api-key

# Получение статистики активности
curl http://localhost:3000/api/v1/instances/{INSTANCE_ID}/activity-stats

# Получение ошибок экземпляра
curl http://localhost:3000/api/v1/instances/{INSTANCE_ID}/errors

# Очистка ошибок
curl -X POST http://localhost:3000/api/v1/instances/{INSTANCE_ID}/clear-errors

# Обработка экземпляра (создание Docker контейнера)
curl -X POST http://localhost:3000/api/v1/instances/b8efc348-a8c3-47ce-bef4-3ca5a2d5cab9/process \
  -H "Content-Type: application/json" \
  -d '{}'

# Запуск экземпляра
curl -X POST http://localhost:3000/api/v1/instances/{INSTANCE_ID}/start

# Остановка экземпляра
curl -X POST http://localhost:3000/api/v1/instances/{INSTANCE_ID}/stop

# Перезапуск экземпляра
curl -X POST http://localhost:3000/api/v1/instances/{INSTANCE_ID}/restart

# Удаление экземпляра
curl -X DELETE http://localhost:3000/api/v1/instances/f58e2c89-a5ab-44a5-95c3-f41bfc005ef3

# Получение статуса аутентификации
curl http://localhost:3000/api/v1/instances/{INSTANCE_ID}/auth-status

# Получение QR кода для WhatsApp
curl http://localhost:3000/api/v1/instances/9ccf5650-3442-416e-98c7-bc12a8ff8dc5/qr

# Получение учетных данных
curl http://localhost:3000/api/v1/instances/{INSTANCE_ID}/credentials

# Получение логов экземпляра
curl "http://localhost:3000/api/v1/instances/f58e2c89-a5ab-44a5-95c3-f41bfc005ef3/logs?tail=500"

# Общие ресурсы системы
curl http://localhost:3000/api/v1/resources

# Использование портов
curl http://localhost:3000/api/v1/resources/ports

# Производительность
curl http://localhost:3000/api/v1/resources/performance

# Очистка кэша портов
curl -X POST http://localhost:3000/api/v1/resources/ports/clear-cache

# Статистика памяти экземпляров
curl http://localhost:3000/api/v1/instances/memory/stats
